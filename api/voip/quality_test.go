package voip_test

import (
	"bytes"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
)

func TestQualityOfACall(t *testing.T) {
	r := newRig(t)
	alice, c, ph := talking(t, r)
	var phone monitoring.ParticipantQualityBody
	sequence := uint16(0)
	eventually(t, func() bool {
		if sequence%7 != 3 { // one in seven is lost
			ph.says(t, sequence, bytes.Repeat([]byte{0x55}, 160))
		}
		sequence++
		var body monitoring.QualityBody
		alice.get("/calls/" + c.ID + "/quality").want(200).into(&body)
		if body.CallID != c.ID || len(body.Participants) != 2 {
			t.Fatalf("%s", show(body))
		}
		for _, p := range body.Participants {
			if p.Endpoint == c.Participants[0].Endpoint {
				phone = p
			}
		}
		for _, s := range phone.Samples {
			if s.Lost > 0 && s.MOS != nil {
				return true
			}
		}
		return false
	}, func() string { return show(phone) })
	if phone.ChannelID == nil || phone.Codec == nil || *phone.Codec != "ulaw" || len(phone.Samples) > 60 {
		t.Errorf("%s", show(phone))
	}
	for _, s := range phone.Samples {
		if s.MOS == nil {
			continue
		}
		if *s.Scale != "narrowband" || *s.MOS < 1 || *s.MOS > 4.41 || *s.RFactor > 93.2 || s.LossPercent < 0 || s.LossPercent > 100 {
			t.Errorf("%s", show(s))
		}
	}
	r.as("mallory").get("/calls/" + c.ID + "/quality").want(404)
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
}
