// Command reference writes the reference pages under docs/reference from what
// the components say of themselves.
//
//	go run ./internal/reference
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	thaw "github.com/thaw-go/thaw"
)

//go:generate go run -C ../.. ./internal/reference

func main() {
	for name, text := range pages() {
		if err := os.WriteFile(filepath.Join("docs", "reference", name), []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "reference:", err)
			os.Exit(1)
		}
	}
}

// pages are the files and their content.
func pages() map[string]string {
	out := map[string]string{}
	for kind, head := range map[string]string{
		thaw.Optimizers:   "# Optimizers\n\nAn optimizer is named in any case, with or without underscores, or by a class path. w is a weight, g its\ngradient, t the step from 1. Where packages have different algorithms of one name, PO stands before that of\npytorch_optimizer, TO before that of torch_optimizer, HF before transformers' and Flash before Lightning Flash's.\n",
		thaw.LRSchedulers: "# LR schedulers\n\nA scheduler is named in any case, with or without underscores, or by a class path; transformers' without get_. b is a\ngroup's initial learning rate, t counts steps or epochs from 0.\n",
		thaw.Models:       "# Models\n",
		thaw.Presets:      "# Schedule presets\n\nWhat `schedule` may name instead of phases; see [schedules](../schedules.md).\n",
	} {
		all, err := thaw.Defaults().Describe(kind)
		if err != nil {
			panic(err) // kinds are from a list
		}
		var b strings.Builder
		b.WriteString(head)
		b.WriteString("\n<!-- Made by \"go run ./internal/reference\". -->\n")
		for _, d := range all {
			page(&b, d)
		}
		out[kind+".md"] = b.String()
	}
	return out
}

func page(b *strings.Builder, d thaw.Description) {
	fmt.Fprintf(b, "\n## %s\n\n%s.", d.Name, strings.ToUpper(d.Doc[:1])+d.Doc[1:])
	for _, r := range d.Remarks {
		fmt.Fprintf(b, " %s.", strings.ToUpper(r[:1])+r[1:])
	}
	b.WriteString("\n")
	if d.Formula != "" {
		fmt.Fprintf(b, "\n    %s\n", d.Formula)
	}
	if d.Source != "" {
		fmt.Fprintf(b, "\nSource: %s.\n", d.Source)
	}
	fmt.Fprintf(b, "\n```yaml\n%s\n```\n", d.Example)
	if len(d.Arguments) == 0 {
		return
	}
	b.WriteString("\n| argument | default | meaning |\n|---|---|---|\n")
	for _, a := range d.Arguments {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", a.Name, cell(a.Default), cell(a.Doc))
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
