// Package chart draws plots as SVG to be put into an HTML page.
//
// They have no colours of their own: series carry the classes c0 to c7, and the
// page's style says what these are, in the light and in the dark. They are as
// wide as where they stand, and drawn for 440 units, so that their letters can
// be read on a phone. What a shape stands for is its title, which browsers show
// to who points at it.
package chart
