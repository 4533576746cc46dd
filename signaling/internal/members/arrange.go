package members

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/directmedia"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/audience"
)

// Arrange joins the media of the members there are in the cheapest way that can
// be had. An error leaves those that could not be moved where they were; the next
// arrangement tries again. The mixer only queues commands.
func (l *List[C]) Arrange() error {
	l.placed = false
	l.Bypass()
	switch {
	case len(l.All) == 0:
		l.Drop()
		return nil
	case l.Means.AlwaysMix || l.Mixed || len(l.All) > 2 || l.exceptions():
		return l.useRoom()
	}
	err := l.usePair()
	if err != nil && l.Room != nil {
		return l.useRoom() // it works, if at a higher price
	}
	return err
}

// staysRoom reports whether those who are in the room are there as they are to be, so that
// who comes and goes does not concern them.
func (l *List[C]) staysRoom() bool { return l.placed && len(l.All) > 2 && !l.exceptions() }

// ArrangeWith is Arrange for a member whose media is all that is new.
func (l *List[C]) ArrangeWith(i int) error {
	if !l.staysRoom() {
		return l.Arrange()
	}
	m := &l.All[i]
	if m.Port == nil {
		return nil
	}
	err := m.Port.Join(l.Room, mixer.JoinOptions{Muted: m.Muted})
	if fault.Of(err) == fault.Gone { // its channel is about to leave
		return nil
	}
	l.placed = err == nil
	return err
}

// useRoom brings every port into the bridge's room.
func (l *List[C]) useRoom() error {
	if l.Room == nil {
		room, err := l.Means.NewRoom()
		if err != nil {
			return err
		}
		l.Room = room
	}
	for _, m := range l.All {
		if m.Port == nil || l.isAlone(m) && l.Means.Music(m.Channel, m.Port, m.AloneClass, m.Muted) {
			continue
		}
		err := m.Port.Join(l.Room, mixer.JoinOptions{Muted: m.Muted, HeardBy: l.ports(m.HeardBy), Hears: l.ports(m.Hears)})
		if err != nil && fault.Of(err) != fault.Gone { // its channel is about to leave
			return err
		}
	}
	l.dropPair()
	l.placed = true
	return nil
}

// usePair brings both ports into the bridge's pair.
func (l *List[C]) usePair() error {
	if l.pair == nil {
		pair, err := l.Means.NewPair()
		if err != nil {
			return err
		}
		l.pair = pair
	}
	for _, m := range l.All {
		quiet := l.isHeld(m) || l.Stays && len(l.All) == 1
		if m.Port == nil || quiet && l.Means.Music(m.Channel, m.Port, l.musicFor(m), m.Muted) {
			continue
		}
		err := m.Port.Connect(l.pair)
		if err != nil && fault.Of(err) != fault.Gone { // its channel is about to leave
			return err
		}
	}
	l.dropRoom()
	return nil
}

// Drop lets go of what joined the members.
func (l *List[C]) Drop() {
	l.dropRoom()
	l.dropPair()
}

func (l *List[C]) dropRoom() {
	if l.Room != nil {
		l.Room.Close()
		l.Room = nil
	}
}

func (l *List[C]) dropPair() {
	if l.pair != nil {
		l.pair.Close()
		l.pair = nil
	}
}

// Bypass has the audio of two members who talk go past us, where both may, and come back where
// it is needed here.
func (l *List[C]) Bypass() {
	if x, y := l.couple(); x != nil && y != nil {
		l.Talk.Part(x, y)
	} else {
		l.Talk.Back(nil)
	}
}

func (l *List[C]) couple() (x, y directmedia.Party) {
	if !l.Means.Direct || l.Means.AlwaysMix || l.Mixed || len(l.All) != 2 || l.exceptions() {
		return nil, nil
	}
	for _, m := range l.All {
		if m.Port == nil || m.Needed || m.Held {
			return nil, nil
		}
	}
	return l.Means.Party(l.All[0].Channel), l.Means.Party(l.All[1].Channel)
}

// isHeld reports whether the other of two members holds this one.
func (l *List[C]) isHeld(m Member[C]) bool {
	for _, o := range l.All {
		if o.Channel != m.Channel && o.Held {
			return true
		}
	}
	return false
}

// musicFor is the class that a held member hears: its own, else what the one who holds it would
// have others hear.
func (l *List[C]) musicFor(m Member[C]) string {
	class := l.Means.Class(m.Channel)
	for _, o := range l.All {
		if class == "" && o.Channel != m.Channel && o.Held {
			class = l.Means.HeldClass(o.Channel)
		}
	}
	return class
}

// isAlone reports whether a member is to hear music as nobody else is there.
func (l *List[C]) isAlone(m Member[C]) bool { return m.AloneMusic && len(l.All) == 1 }

// exceptions reports whether not everyone hears everyone.
func (l *List[C]) exceptions() bool {
	for _, m := range l.All {
		if !m.HeardBy.Everyone() || !m.Hears.Everyone() {
			return true
		}
	}
	return false
}

// ports is an audience in terms of the media that members have now.
func (l *List[C]) ports(a audience.Of[C]) mixer.Audience {
	if a.Everyone() {
		return mixer.Everyone()
	}
	var ports []*mixer.Port
	for _, c := range a.Channels() {
		if i := l.Find(c); i >= 0 && l.All[i].Port != nil {
			ports = append(ports, l.All[i].Port)
		}
	}
	if a.Only() {
		return mixer.Only(ports...)
	}
	return mixer.Except(ports...)
}
