package conformance

// hfOptimizerSections replays the sections of optimizers_and_hf_schedules.json
// that are about optimizers.
var hfOptimizerSections = map[string]sectionFunc{}
