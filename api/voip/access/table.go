package access

import "github.com/skygenesisenterprise/skybridge/internal/auth"

// The groups of roles.
var (
	anyone   = []auth.Role{auth.RoleUser, auth.RoleService, auth.RoleAuditor, auth.RoleAdmin}
	actors   = []auth.Role{auth.RoleUser, auth.RoleService, auth.RoleAdmin}
	admins   = []auth.Role{auth.RoleAdmin}
	auditors = []auth.Role{auth.RoleAuditor, auth.RoleAdmin}
	watchers = []auth.Role{auth.RoleService, auth.RoleAuditor, auth.RoleAdmin}
)

// reads, acts, manages and watches are the usual rules of an object.
func reads(object string, owner Owner) Rule {
	return Rule{Roles: anyone, Object: object, Owner: owner}
}

func acts(object string, owner Owner) Rule {
	return Rule{Roles: actors, Object: object, Write: true, Owner: owner}
}

func manages(object string, write bool) Rule {
	return Rule{Roles: admins, Object: object, Write: write}
}

func watches(object string) Rule { return Rule{Roles: watchers, Object: object} }

// table has every operation, by its operationId.
var table = map[string]Rule{
	"get-health":     {Public: true},
	"get-alive":      {Public: true},
	"get-ready":      {Public: true},
	"open-websocket": {Roles: anyone, Owner: Self}, // each of its frames needs a scope of its own

	"create-call":        acts("calls", Self),
	"list-calls":         reads("calls", Party),
	"get-call":           reads("calls", Party),
	"get-quality":        reads("calls", Party),
	"get-signaling":      reads("calls", Party),
	"send-signaling":     acts("calls", Party),
	"set-layout":         acts("calls", Party),
	"accept-call":        acts("calls", Party),
	"end-call":           acts("calls", Party),
	"hold-call":          acts("calls", Party),
	"unhold-call":        acts("calls", Party),
	"mute-call":          acts("calls", Party),
	"unmute-call":        acts("calls", Party),
	"send-dtmf":          acts("calls", Party),
	"transfer-call":      acts("calls", Member),
	"add-participants":   acts("calls", Party),
	"remove-participant": acts("calls", Party),

	"record-call":         acts("calls", Party),
	"stop-recording-call": acts("calls", Party),
	"record-room":         acts("rooms", Party),
	"stop-recording-room": acts("rooms", Party),
	"list-recordings":     reads("recordings", Party),
	"get-recording":       reads("recordings", Party),
	"get-recording-file":  reads("recordings", Party),
	"head-recording-file": reads("recordings", Party),
	"delete-recording":    manages("recordings", true),

	"create-room":             acts("rooms", Self),
	"list-rooms":              reads("rooms", Party),
	"get-room":                reads("rooms", Party),
	"change-room":             acts("rooms", Party),
	"delete-room":             acts("rooms", Party),
	"lock-room":               acts("rooms", Party),
	"unlock-room":             acts("rooms", Party),
	"join-room":               acts("rooms", Invited),
	"mute-participant":        acts("rooms", Party),
	"unmute-participant":      acts("rooms", Party),
	"set-participant-volume":  acts("rooms", Party),
	"set-participant-hearing": acts("rooms", Party),
	"set-participant-role":    acts("rooms", Party),
	"kick-participant":        acts("rooms", Party),
	"join-external-media":     manages("rooms", true),
	"whip-publish":            acts("rooms", Invited),
	"whip-change":             acts("rooms", Party),
	"whip-end":                acts("rooms", Party),
	"whip-endpoint":           reads("rooms", Invited),
	"whip-session":            reads("rooms", Party),
	"whep-watch":              acts("rooms", Invited),
	"whep-change":             acts("rooms", Party),
	"whep-end":                acts("rooms", Party),
	"whep-endpoint":           reads("rooms", Invited),
	"whep-session":            reads("rooms", Party),

	"send-message":      acts("messages", Self),
	"list-messages":     reads("messages", Self),
	"note-messages-had": reads("messages", Self), // as who is told by WebSocket has them noted

	"get-events":        {Roles: auditors, Object: "events"},
	"list-trunks":       watches("trunks"),
	"get-metrics":       watches("metrics"),
	"get-overload":      reads("overload", None),
	"get-asterisk-info": watches("asterisk"), "list-asterisk-channels": watches("asterisk"),
	"list-bans":  {Roles: auditors, Object: "bans"},
	"delete-ban": manages("bans", true),

	"list-ring-groups":       reads("ring-groups", None),
	"get-extension-services": reads("extensions", Line),
	"put-extension-services": acts("extensions", Line),

	"list-users":       manages("users", false),
	"create-user":      manages("users", true),
	"get-user":         manages("users", false),
	"change-user":      manages("users", true),
	"delete-user":      manages("users", true),
	"list-extensions":  manages("extensions", false),
	"create-extension": manages("extensions", true),
	"get-extension":    manages("extensions", false),
	"change-extension": manages("extensions", true),
	"delete-extension": manages("extensions", true),
	"list-api-keys":    manages("api-keys", false),
	"create-api-key":   manages("api-keys", true),
	"get-api-key":      manages("api-keys", false),
	"revoke-api-key":   manages("api-keys", true),
}
