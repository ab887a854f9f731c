package tenant

import "github.com/google/uuid"

// A group's sandbox is a group of its own, in an organization of its own: what
// keeps tenants apart keeps test data and live data apart. Both ids follow from
// the live ones: a UUID of version 7 becomes the one of version 8 (RFC 9562,
// 5.8) that has the same other bits.

const (
	liveVersion    = 7
	sandboxVersion = 8
)

// SandboxOf is the id of the sandbox of a live organization or group.
func SandboxOf(id uuid.UUID) uuid.UUID { return withVersion(id, sandboxVersion) }

// LiveOf is the id of the live organization or group that a sandbox belongs
// to; a live one is its own.
func LiveOf(id uuid.UUID) uuid.UUID {
	if !InSandbox(id) {
		return id
	}
	return withVersion(id, liveVersion)
}

// InSandbox tells whether an id is that of a sandbox's organization or group.
func InSandbox(id uuid.UUID) bool { return id.Version() == sandboxVersion }

func withVersion(id uuid.UUID, version byte) uuid.UUID {
	id[6] = id[6]&0x0f | version<<4
	return id
}
