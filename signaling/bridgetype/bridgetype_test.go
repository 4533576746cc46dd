package bridgetype_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/bridgetype"
)

func TestTypes(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]bridgetype.Types{
		"":                                  {Video: bridgetype.Talker},
		"mixing":                            {Video: bridgetype.Talker},
		" mixing , dtmf_events,proxy_media": {Video: bridgetype.Talker},
		"mixing,unheard_of":                 {Video: bridgetype.Talker},
		"holding":                           {Video: bridgetype.Talker, Holding: true},
		"mixing,video_single,sdp_label":     {Video: bridgetype.Single, SDPLabel: true},
		"mixing,video_sfu":                  {Video: bridgetype.SFU, Mixed: true},
		"video_sfu":                         {Video: bridgetype.SFU, Mixed: true},
		"holding,video_sfu":                 {Video: bridgetype.SFU, Mixed: true},
	} {
		got, err := bridgetype.Parse(list)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", list, got, err)
		}
		if name := got.Name(); (name == "holding") != want.Holding {
			t.Errorf("%q is named %s", list, name)
		}
	}
	for _, list := range []string{"mixing,holding", "dtmf_events", "sdp_label", ",", "Mixing"} {
		if got, err := bridgetype.Parse(list); fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %+v, %v", list, got, err)
		}
	}
}
