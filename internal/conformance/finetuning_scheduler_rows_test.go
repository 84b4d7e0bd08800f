package conformance

// The rows of a case, expected and observed alike.
type (
	ftsEvent struct {
		E    int      `json:"e"`
		M    *number  `json:"m"`
		CM   *number  `json:"cm"`
		W    *int     `json:"w"`
		Done *bool    `json:"done"`
		Stop *bool    `json:"stop"`
		Best string   `json:"best"`
		BD   *int     `json:"bd"`
		_    struct{} `json:"-"`
	}
	ftsSched struct {
		Class    string  `json:"class"`
		Interval string  `json:"interval"`
		Last     int     `json:"last"`
		Base     numbers `json:"base"`
		Min      numbers `json:"min"`
	}
	ftsEpoch struct {
		D     int                `json:"d"`
		Rem   int                `json:"rem"`
		FE    int                `json:"fe"`
		TR    bool               `json:"tr"`
		Rst   *string            `json:"rst"`
		Thaw  int                `json:"thaw"`
		LRs   numbers            `json:"lrs"`
		IL    []*number          `json:"il"`
		WD    numbers            `json:"wd"`
		N     []int              `json:"n"`
		Opt   string             `json:"opt"`
		Best  string             `json:"best"`
		CK    []int              `json:"ck"`
		Sch   *ftsSched          `json:"sch"`
		W     *int               `json:"w"`
		Fin   *bool              `json:"fin"`
		ESB   *number            `json:"esb"`
		PG    [][]string         `json:"pg"`
		Train []string           `json:"train"`
		BN    map[string][2]bool `json:"bn"`
	}
	ftsFinal struct {
		Depth       int     `json:"curr_depth"`
		Remaining   int     `json:"depth_remaining"`
		MaxDepth    int     `json:"max_depth"`
		FTEpoch     int     `json:"ft_epoch"`
		FTSteps     int     `json:"ft_global_steps"`
		Epoch       int     `json:"trainer_current_epoch"`
		Step        int     `json:"global_step"`
		MaxEpochs   int     `json:"max_epochs"`
		Thawed      int     `json:"n_thawed"`
		Stopped     *int    `json:"stopped_epoch"`
		Wait        *int    `json:"wait_count"`
		ESBest      *number `json:"es_best_score"`
		Best        string  `json:"best_ckpt"`
		BestScore   *number `json:"best_score"`
		Last        string  `json:"last"`
		Kth         string  `json:"kth"`
		BestDepth   *int    `json:"best_ckpt_depth"`
		SavedInside *int    `json:"current_ckpt_depth"`
	}
)
