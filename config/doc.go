// Package config reads configurations: YAML with the place of every value,
// files that build upon others, overrides from the command line, and strict
// decoding into structs whose fields state defaults and documentation.
package config
