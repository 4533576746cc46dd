package settings

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// ConfBridge is confbridge.conf: the profiles of ConfBridge(), by name.
type ConfBridge struct {
	Users   map[string]UserProfile
	Bridges map[string]BridgeProfile
	Menus   map[string]Menu
}

// The profiles that are used where none is named; they are always there.
const (
	DefaultUser   = "default_user"
	DefaultBridge = "default_bridge"
)

// UserProfile is how one participant takes part.
type UserProfile struct {
	Admin                bool
	Marked               bool
	StartMuted           bool
	MusicWhenEmpty       bool
	MusicClass           string
	Quiet                bool
	HearOwnJoinSound     bool
	AnnounceUserCount    bool
	AnnounceUserCountAll string // yes, no or the number from which on
	AnnounceOnlyUser     bool
	AnnounceJoinLeave    bool
	Announcement         string
	WaitMarked           bool
	EndMarked            bool
	EndMarkedAny         bool
	PIN                  string
	DTMFPassthrough      bool
	TalkDetection        bool
	DropSilence          bool
	SilenceThreshold     time.Duration
	TalkingThreshold     int
	Denoise              bool
	JitterBuffer         bool
	SendEvents           bool
	EchoEvents           bool
	TextMessaging        bool
	AnswerChannel        bool
	// Timeout ends the stay, 0 never.
	Timeout time.Duration
}

// BridgeProfile is how a room is.
type BridgeProfile struct {
	MaxMembers int // 0 is no limit
	// SampleRate is the rate of the mix in Hz, 0 chosen by the participants; at most
	// MaxSampleRate where that is not 0.
	SampleRate     int
	MaxSampleRate  int
	MixingInterval time.Duration
	Language       string
	Record         bool
	RecordFile     string
	RecordAppend   bool
	RecordStamp    bool
	RecordOptions  string
	RecordCommand  string
	VideoMode      string
	RegContext     string
	Events         bool
	// Sounds are replaced sounds, "sound_join" to a file's name.
	Sounds map[string]string
}

// Menu is what keys do: digits to actions ("toggle_mute"), separated by commas.
type Menu map[string]string

func defaultUserProfile() UserProfile {
	return UserProfile{
		HearOwnJoinSound: true, AnnounceOnlyUser: true, AnnounceUserCountAll: "no", EchoEvents: true,
		TextMessaging: true, AnswerChannel: true, SilenceThreshold: 2500 * time.Millisecond, TalkingThreshold: 160,
	}
}

func defaultBridgeProfile() BridgeProfile {
	return BridgeProfile{MixingInterval: 20 * time.Millisecond, Language: "en", RecordAppend: true, RecordStamp: true, VideoMode: "none"}
}

// DefaultConfBridge is what there is without the file: the default profiles.
func DefaultConfBridge() *ConfBridge {
	return &ConfBridge{
		Users:   map[string]UserProfile{DefaultUser: defaultUserProfile()},
		Bridges: map[string]BridgeProfile{DefaultBridge: defaultBridgeProfile()},
		Menus:   map[string]Menu{},
	}
}

// User is the user profile of a name, the default one where that is empty.
func (c *ConfBridge) User(name string) (p UserProfile, known bool) {
	p, known = c.Users[cmp.Or(name, DefaultUser)]
	return p, known
}

// Bridge is the bridge profile of a name, the default one where that is empty.
func (c *ConfBridge) Bridge(name string) (p BridgeProfile, known bool) {
	p, known = c.Bridges[cmp.Or(name, DefaultBridge)]
	return p, known
}

var userProfile = option.Table[UserProfile]{
	Name: "a user profile",
	Rows: option.Rows[UserProfile]{
		"admin":                    option.Bool(func(u *UserProfile) *bool { return &u.Admin }),
		"marked":                   option.Bool(func(u *UserProfile) *bool { return &u.Marked }),
		"startmuted":               option.Bool(func(u *UserProfile) *bool { return &u.StartMuted }),
		"music_on_hold_when_empty": option.Bool(func(u *UserProfile) *bool { return &u.MusicWhenEmpty }),
		"music_on_hold_class":      option.Text(func(u *UserProfile) *string { return &u.MusicClass }),
		"quiet":                    option.Bool(func(u *UserProfile) *bool { return &u.Quiet }),
		"hear_own_join_sound":      option.Bool(func(u *UserProfile) *bool { return &u.HearOwnJoinSound }),
		"announce_user_count":      option.Bool(func(u *UserProfile) *bool { return &u.AnnounceUserCount }),
		"announce_user_count_all":  announceAll,
		"announce_only_user":       option.Bool(func(u *UserProfile) *bool { return &u.AnnounceOnlyUser }),
		"announce_join_leave":      option.Bool(func(u *UserProfile) *bool { return &u.AnnounceJoinLeave }),
		"announcement":             option.Text(func(u *UserProfile) *string { return &u.Announcement }),
		"wait_marked":              option.Bool(func(u *UserProfile) *bool { return &u.WaitMarked }),
		"end_marked":               option.Bool(func(u *UserProfile) *bool { return &u.EndMarked }),
		"end_marked_any":           option.Bool(func(u *UserProfile) *bool { return &u.EndMarkedAny }),
		"pin":                      option.Text(func(u *UserProfile) *string { return &u.PIN }),
		"dtmf_passthrough":         option.Bool(func(u *UserProfile) *bool { return &u.DTMFPassthrough }),
		"talk_detection_events":    option.Bool(func(u *UserProfile) *bool { return &u.TalkDetection }),
		"dsp_drop_silence":         option.Bool(func(u *UserProfile) *bool { return &u.DropSilence }),
		"dsp_silence_threshold":    option.Duration(func(u *UserProfile) *time.Duration { return &u.SilenceThreshold }, time.Millisecond),
		"dsp_talking_threshold":    option.Number(func(u *UserProfile) *int { return &u.TalkingThreshold }, 0, 32767),
		"denoise":                  option.Bool(func(u *UserProfile) *bool { return &u.Denoise }),
		"jitterbuffer":             option.Bool(func(u *UserProfile) *bool { return &u.JitterBuffer }),
		"send_events":              option.Bool(func(u *UserProfile) *bool { return &u.SendEvents }),
		"echo_events":              option.Bool(func(u *UserProfile) *bool { return &u.EchoEvents }),
		"text_messaging":           option.Bool(func(u *UserProfile) *bool { return &u.TextMessaging }),
		"answer_channel":           option.Bool(func(u *UserProfile) *bool { return &u.AnswerChannel }),
		"timeout":                  option.Duration(func(u *UserProfile) *time.Duration { return &u.Timeout }, time.Second),
	},
	Idle: option.Words(`announce_join_leave announce_only_user announce_user_count announce_user_count_all announcement
		denoise dsp_drop_silence dsp_silence_threshold dsp_talking_threshold dtmf_passthrough
		echo_events hear_own_join_sound jitterbuffer quiet
		send_events talk_detection_events text_messaging`),
	Inert: option.Words("announce_join_leave_review template"),
}

func announceAll(u *UserProfile, v string) error {
	if _, err := strconv.Atoi(v); err != nil && !asterisk.True(v) && !asterisk.False(v) {
		return fmt.Errorf("%q is neither yes, no nor a number", v)
	}
	u.AnnounceUserCountAll = v
	return nil
}

var bridgeProfile = option.Table[BridgeProfile]{
	Name: "a bridge profile",
	Rows: option.Rows[BridgeProfile]{
		"max_members":           option.Number(func(b *BridgeProfile) *int { return &b.MaxMembers }, 0, 1<<20),
		"internal_sample_rate":  sampleRate(func(b *BridgeProfile) *int { return &b.SampleRate }, "auto"),
		"maximum_sample_rate":   sampleRate(func(b *BridgeProfile) *int { return &b.MaxSampleRate }, "none"),
		"mixing_interval":       mixingInterval,
		"language":              option.Text(func(b *BridgeProfile) *string { return &b.Language }),
		"record_conference":     option.Bool(func(b *BridgeProfile) *bool { return &b.Record }),
		"record_file":           option.Text(func(b *BridgeProfile) *string { return &b.RecordFile }),
		"record_file_append":    option.Bool(func(b *BridgeProfile) *bool { return &b.RecordAppend }),
		"record_file_timestamp": option.Bool(func(b *BridgeProfile) *bool { return &b.RecordStamp }),
		"record_options":        option.Text(func(b *BridgeProfile) *string { return &b.RecordOptions }),
		"record_command":        option.Text(func(b *BridgeProfile) *string { return &b.RecordCommand }),
		"regcontext":            option.Text(func(b *BridgeProfile) *string { return &b.RegContext }),
		"video_mode":            option.OneOf(func(b *BridgeProfile) *string { return &b.VideoMode }, "none", "follow_talker", "last_marked", "first_marked", "sfu"),
		"enable_events":         option.Bool(func(b *BridgeProfile) *bool { return &b.Events }),
	},
	Idle: option.Words(`enable_events internal_sample_rate language maximum_sample_rate mixing_interval record_command
		record_conference record_file record_file_append record_file_timestamp record_options regcontext video_mode`),
	Inert: option.Words(`binaural_active jitterbuffer remb_behavior remb_estimated_bitrate remb_send_interval template video_update_discard`),
}

func sampleRate(field func(*BridgeProfile) *int, none string) func(*BridgeProfile, string) error {
	return func(b *BridgeProfile, v string) error {
		if strings.EqualFold(v, none) {
			*field(b) = 0
			return nil
		}
		return option.Number(field, 8000, 192000)(b, v)
	}
}

func mixingInterval(b *BridgeProfile, v string) error {
	switch v {
	case "10", "20", "40", "80":
		return option.Duration(func(b *BridgeProfile) *time.Duration { return &b.MixingInterval }, time.Millisecond)(b, v)
	}
	return fmt.Errorf("%q is none of 10, 20, 40, 80", v)
}

func (c *ConfBridge) read(config *asterisk.Config, w *asterisk.Warnings) {
	sections(config, func(*asterisk.Section) {}, func(s *asterisk.Section) {
		typ, _ := s.Get("type")
		switch lower(typ) {
		case "user":
			u := defaultUserProfile()
			userProfile.Apply(&u, s, w)
			c.Users[s.Name] = u
		case "bridge":
			c.Bridges[s.Name] = readBridge(s, w)
		case "menu":
			m := Menu{}
			for _, set := range s.Settings {
				if !strings.EqualFold(set.Key, "type") && !strings.EqualFold(set.Key, "template") {
					m[set.Key] = set.Value
				}
			}
			c.Menus[s.Name] = m
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] the menu is accepted", s.Name), Here: "keys do nothing in a room"})
		default:
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] type %q is none of user, bridge, menu", s.Name, typ),
				Here: "the section is skipped"})
		}
	})
}

// servedSounds are the sounds of a bridge profile that are played.
var servedSounds = map[string]bool{"sound_get_pin": true, "sound_invalid_pin": true, "sound_locked": true}

func readBridge(s *asterisk.Section, w *asterisk.Warnings) BridgeProfile {
	b := defaultBridgeProfile()
	own := asterisk.Section{Name: s.Name, File: s.File, Line: s.Line}
	for _, set := range s.Settings {
		if strings.HasPrefix(lower(set.Key), "sound_") {
			if b.Sounds == nil {
				b.Sounds = make(map[string]string)
			}
			b.Sounds[lower(set.Key)] = set.Value
			if !servedSounds[lower(set.Key)] {
				w.Add(asterisk.Warning{File: set.File, Line: set.Line, Text: fmt.Sprintf("[%s] %s is accepted", s.Name, set.Key), Here: "rooms play no sounds"})
			}
			continue
		}
		own.Settings = append(own.Settings, set)
	}
	bridgeProfile.Apply(&b, &own, w)
	return b
}
