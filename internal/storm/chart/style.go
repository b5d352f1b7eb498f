package chart

import (
	_ "embed"
	"html/template"
)

// Style is the look of a page with plots, in the light and in the dark: it goes
// into the page's style element.
//
//go:embed style.css
var Style template.CSS
