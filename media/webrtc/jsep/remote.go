package jsep

import (
	"slices"
	"strconv"
	"strings"
)

// remote is what a section says of what its author sends, and the a=rid with which we
// receive it: those of simulcast, without what only codecs that were not agreed on have.
func (s *Section) remote(o *slot) (Remote, []RID) {
	r := Remote{Content: s.Content, MSIDs: s.MSIDs}
	repairs := map[uint32]uint32{}
	isRepair := map[uint32]bool{}
	for _, g := range s.Groups {
		if g.Semantics == "FID" && len(g.SSRCs) == 2 && g.SSRCs[0] != g.SSRCs[1] {
			repairs[g.SSRCs[0]], isRepair[g.SSRCs[1]] = g.SSRCs[1], true
		}
	}
	for _, source := range s.Sources {
		if isRepair[source.SSRC] {
			continue
		}
		r.Sources = append(r.Sources, Pair{source.SSRC, repairs[source.SSRC], source.CName})
		if m := source.MSID; len(r.MSIDs) == 0 && m.Stream != "" {
			r.MSIDs = []MSID{m} // as it was before RFC 8830
		}
	}
	var rids []RID
	for _, layer := range s.Simulcast.Send {
		i := slices.IndexFunc(s.RIDs, func(rid RID) bool { return rid.ID == layer.RID && rid.Send })
		if i < 0 {
			continue
		}
		restrictions, ok := o.restrictions(s.RIDs[i].Restrictions)
		if !ok {
			continue
		}
		r.RIDs = append(r.RIDs, layer)
		rids = append(rids, RID{ID: layer.RID, Restrictions: restrictions})
	}
	return r, rids
}

// restrictions are those of a rid as we repeat them (RFC 8851 §6.2); ok is false for a rid
// that would be of codecs that were not agreed on, or that is restricted in unknown ways.
func (o *slot) restrictions(text string) (kept string, ok bool) {
	if text == "" {
		return "", true
	}
	if len(text) > maxFmtp || !isFmtp(text) {
		return "", false
	}
	var parts []string
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "pt":
			var list []string
			for pt := range strings.SplitSeq(value, ",") {
				n, err := strconv.ParseUint(pt, 10, 7)
				if err == nil && slices.ContainsFunc(o.send, func(c Codec) bool { return c.PayloadType == uint8(n) }) {
					list = append(list, pt)
				}
			}
			if len(list) == 0 {
				return "", false
			}
			parts = append(parts, "pt="+strings.Join(list, ","))
		case "max-width", "max-height", "max-fps", "max-fs", "max-br", "max-pps", "max-bpp", "depend":
			parts = append(parts, strings.TrimSpace(part))
		default:
			return "", false
		}
	}
	return strings.Join(parts, ";"), true
}
