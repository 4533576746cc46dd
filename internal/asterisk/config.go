package asterisk

import "strings"

// Config is one configuration with everything included and inherited.
type Config struct {
	// Name is the file it began with.
	Name string
	// Files are all files read, in order.
	Files    []string
	Sections []*Section
}

// Section is one section. Several can have one name; pjsip.conf relies on it.
type Section struct {
	Name     string
	Template bool // only there to be inherited
	Settings []Setting
	File     string
	Line     int
}

// Setting is one key and value, where it stands. A key can be there several times.
type Setting struct {
	Key   string
	Value string
	// Inherited: it came from a template.
	Inherited bool
	File      string
	Line      int
}

// Live are the sections that are no templates.
func (c *Config) Live() []*Section {
	live := make([]*Section, 0, len(c.Sections))
	for _, s := range c.Sections {
		if !s.Template {
			live = append(live, s)
		}
	}
	return live
}

// Section is the first section of a name that is no template, without case, or nil.
func (c *Config) Section(name string) *Section {
	for _, s := range c.Sections {
		if !s.Template && strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// Get is the value of a key, without case; the last one where there are several.
func (s *Section) Get(key string) (string, bool) {
	if set := s.Last(key); set != nil {
		return set.Value, true
	}
	return "", false
}

// Last is the last setting of a key, without case, or nil.
func (s *Section) Last(key string) *Setting {
	if s == nil {
		return nil
	}
	for i := len(s.Settings) - 1; i >= 0; i-- {
		if strings.EqualFold(s.Settings[i].Key, key) {
			return &s.Settings[i]
		}
	}
	return nil
}
