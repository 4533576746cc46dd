package cli

import "io"

// Music is what the console shows of music on hold.
type Music interface {
	// Classes are the names of the classes.
	Classes() []string
	// Files are those of a class; none where it plays tones of our own.
	Files(class string) ([]string, error)
}

// mohClasses is `moh show classes`.
func mohClasses(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	if c.Music == nil {
		return nil
	}
	for _, name := range c.Music.Classes() {
		files, err := c.Music.Files(name)
		if err != nil {
			return err
		}
		p.line("Class: %s", name)
		if p.line("\tMode: files"); len(files) == 0 {
			p.line("\tFiles: none, soft tones are heard")
		}
	}
	return p.err
}

// mohFiles is `moh show files`.
func mohFiles(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	if c.Music == nil {
		return nil
	}
	for _, name := range c.Music.Classes() {
		files, err := c.Music.Files(name)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			continue
		}
		p.line("Class: %s", name)
		for _, f := range files {
			p.line("\tFile: %s", f)
		}
	}
	return p.err
}
