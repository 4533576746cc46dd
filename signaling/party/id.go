package party

// ID is a party's name and number, either of which may be empty, and what may be shown
// of them.
type ID struct {
	Name       string
	Number     string
	NamePres   Presentation
	NumberPres Presentation
	// Tag is a word of the plan's own, which is shown to nobody (callerid_tag).
	Tag string
}

// String is `"Name" <number>`.
func (c ID) String() string {
	if c.Name == "" {
		return "<" + c.Number + ">"
	}
	return `"` + c.Name + `" <` + c.Number + ">"
}

// IsZero reports whether there is neither a name nor a number.
func (c ID) IsZero() bool { return c.Name == "" && c.Number == "" }

// Presentation is that of name and number together: the one that hides more.
func (c ID) Presentation() Presentation {
	switch {
	case c.Name != "" && !c.NamePres.Shown() && (c.Number == "" || c.NumberPres.Shown()):
		return c.NamePres
	case c.IsZero() && c.NumberPres.Shown():
		return Unavailable
	}
	return c.NumberPres
}

// Present is the id with one presentation for both name and number.
func (c ID) Present(p Presentation) ID {
	c.NamePres, c.NumberPres = p, p
	return c
}

// Public is what everybody may see of the id: a name that is private is left out, and
// with a private number nothing is left.
func (c ID) Public() ID {
	switch {
	case !c.NumberPres.Shown():
		return ID{NamePres: c.NamePres.Hidden(), NumberPres: c.NumberPres}
	case !c.NamePres.Shown():
		c.Name = ""
	}
	return c
}
