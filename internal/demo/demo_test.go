package demo

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/schedule"
)

func parse(name, text string) (*schedule.Schedule, error) {
	n, err := config.ParseYAML(name, []byte(text))
	if err != nil {
		return nil, err
	}
	s, found := schedule.Parse(n)
	return s, found.Err()
}

func TestRun(t *testing.T) {
	e := reference.New(host.Options{})
	defer e.Close()
	var out strings.Builder
	err := Run(context.Background(), Options{Engine: e, Seeds: 1, PerClass: 5, TestImages: 100, Dir: t.TempDir(), Parse: parse, Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"phase 0 thaws linear: 650 of 75002 parameters train",
		"phase 0 ends: max_transition_epoch 2 is reached",
		"phase 2 thaws conv1, bn1, layer1, layer2: 75002 of 75002",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
	last := regexp.MustCompile(`\nphased (\d\.\d{3}) plain (\d\.\d{3}) scratch (\d\.\d{3})\n$`).FindStringSubmatch(out.String())
	if last == nil {
		t.Fatalf("the last line is not the summary:\n%s", out.String())
	}
	phased, _ := strconv.ParseFloat(last[1], 64)
	scratch, _ := strconv.ParseFloat(last[3], 64)
	// Ten classes: a network that learned nothing has 0.1; what the weights
	// bring must be seen.
	if phased < 0.7 || phased <= scratch {
		t.Errorf("phased %v, scratch %v", phased, scratch)
	}
}

func TestRunIsCancelled(t *testing.T) {
	e := reference.New(host.Options{})
	defer e.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out strings.Builder
	if err := Run(ctx, Options{Engine: e, Seeds: 1, PerClass: 5, TestImages: 100, Parse: parse, Out: &out}); err == nil {
		t.Errorf("a cancelled demonstration ended as if it were whole:\n%s", out.String())
	}
}

func TestFewShot(t *testing.T) {
	all, err := Digits(8)
	if err != nil {
		t.Fatal(err)
	}
	train, test := fewShot(all, 5, 3)
	count := map[int64]int{}
	for _, l := range train.Labels {
		count[l]++
	}
	for class := range int64(10) {
		if count[class] != 5 {
			t.Errorf("class %d has %d pictures", class, count[class])
		}
	}
	if len(test.Labels) != 1797-50 {
		t.Errorf("%d pictures to test on", len(test.Labels))
	}
	other, _ := fewShot(all, 5, 4)
	same := 0
	for i := range train.Pixels {
		if &train.Pixels[i][0] == &other.Pixels[i][0] {
			same++
		}
	}
	if same == len(train.Pixels) {
		t.Error("another seed draws the same pictures")
	}
}
