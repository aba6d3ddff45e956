package statemachine

import _ "embed"

// Picture is the workflow drawn, as SVG: one element with an id for each state and each
// way between two. Package graph, below internal/local, draws it.
//
//go:embed notify.svg
var Picture string
