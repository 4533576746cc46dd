package payload

import "encoding/binary"

// DependencyURI names the dependency descriptor in a=extmap.
const DependencyURI = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

// Limits of a template dependency structure (AV1 RTP appendix A.8).
const (
	maxTemplates = 64
	maxTargets   = 32
	maxFdiffs    = 64 // of a template; the descriptor's length is a limit too

	dependencyHead = 3
	dtiAbsent      = 0
	dtiSwitch      = 2
)

// Dependencies reads the dependency descriptors of one stream (AV1 RTP appendix A). It
// remembers the structure that the last key frame had, which those of later frames refer to.
// The zero value waits for the first one. It holds no pointer.
type Dependencies struct {
	layers        [maxTemplates]templateLayer
	width, height uint16
	templates     uint8 // number; 0 is none yet
	offset        uint8
	targets, top  uint8 // decode targets: number, the one of all layers
}

// templateLayer is a template's layer, and whether it is a switch for all layers.
type templateLayer struct {
	temporal, spatial uint8
	opens             bool
}

// HasStructure tells whether a descriptor brings a structure.
func HasStructure(ext []byte) bool { return len(ext) > dependencyHead && ext[dependencyHead]&0x80 != 0 }

// Read adds to p what a descriptor, the content of the header extension, tells. It is
// called after the payload was read. After an error p has what the payload said.
func (d *Dependencies) Read(ext []byte, p *Packet) error {
	if len(ext) < dependencyHead {
		return ErrShort
	}
	r := reader{b: ext, at: 8 * dependencyHead}
	var attached, custom bool
	if len(ext) > dependencyHead {
		attached = r.flag()
		active := r.flag()
		custom = r.flag() // custom_dtis_flag
		r.skip(2)         // fdiffs and chains, which come last
		if attached {
			var next Dependencies
			if !next.structure(&r) {
				return ErrFormat
			}
			*d = next
		}
		if active {
			r.skip(int(d.targets))
		}
	}
	id := ext[0] & 0x3f
	i := (id - d.offset) & (maxTemplates - 1)
	if i >= d.templates {
		return ErrFormat // the key frame was missed
	}
	t := d.layers[i]
	if custom {
		r.skip(2 * int(d.top))
		t.opens = r.take(2) == dtiSwitch
	}
	if r.over {
		return ErrShort
	}
	p.Begins, p.Ends = ext[0]&0x80 != 0 && t.spatial == 0, ext[0]&0x40 != 0
	p.Frame, p.Described = binary.BigEndian.Uint16(ext[1:]), true
	p.Temporal, p.Spatial, p.Layered = t.temporal, t.spatial, true
	p.OpensUp = t.opens
	if attached && d.width > 0 {
		p.Width, p.Height = d.width, d.height
	}
	return nil
}

// structure reads template_dependency_structure().
func (d *Dependencies) structure(r *reader) bool {
	d.offset = uint8(r.take(6))
	d.targets = uint8(r.take(5)) + 1
	if !d.templateLayers(r) || !d.indications(r) || !d.passDifferences(r) {
		return false
	}
	d.passChains(r)
	if resolutions := r.flag(); resolutions {
		for range int(d.layers[d.templates-1].spatial) + 1 {
			d.width, d.height = uint16(r.take(16))+1, uint16(r.take(16))+1
		}
	}
	return !r.over
}

func (d *Dependencies) templateLayers(r *reader) bool {
	var now templateLayer
	for {
		if d.templates == maxTemplates || r.over {
			return false
		}
		d.layers[d.templates] = now
		d.templates++
		switch r.take(2) { // next_layer_idc
		case 1:
			now.temporal++
		case 2:
			now.temporal = 0
			now.spatial++
		case 3:
			return true
		}
		if now.temporal > 7 || now.spatial > 3 {
			return false
		}
	}
}

// indications reads template_dtis(), and finds the decode target that has all layers.
func (d *Dependencies) indications(r *reader) bool {
	var all [maxTemplates][maxTargets]uint8
	var highest [maxTargets]int
	for i := range int(d.templates) {
		for t := range int(d.targets) {
			all[i][t] = uint8(r.take(2))
			if layer := d.layers[i]; all[i][t] != dtiAbsent {
				highest[t] = max(highest[t], int(layer.spatial)<<3|int(layer.temporal))
			}
		}
	}
	for t := range int(d.targets) {
		if highest[t] > highest[d.top] {
			d.top = uint8(t)
		}
	}
	for i := range int(d.templates) {
		d.layers[i].opens = all[i][d.top] == dtiSwitch
	}
	return !r.over
}

// passDifferences passes over template_fdiffs().
func (d *Dependencies) passDifferences(r *reader) bool {
	for range int(d.templates) {
		for n := 0; r.flag(); n++ {
			if n == maxFdiffs {
				return false
			}
			r.skip(4)
		}
	}
	return !r.over
}

// passChains passes over template_chains().
func (d *Dependencies) passChains(r *reader) {
	chains := r.below(uint32(d.targets) + 1)
	if chains == 0 {
		return
	}
	for range int(d.targets) {
		r.below(chains) // decode_target_protected_by
	}
	r.skip(4 * int(chains) * int(d.templates))
}

// PutFrame writes another frame number into a descriptor.
func PutFrame(ext []byte, number uint16) {
	if len(ext) >= dependencyHead {
		binary.BigEndian.PutUint16(ext[1:], number)
	}
}
