package verification

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
)

// Webhooks stores what is to be delivered, and how that went.
type Webhooks interface {
	InsertDelivery(ctx context.Context, scope tenant.Scope, d Delivery) error
	Delivery(ctx context.Context, scope tenant.Scope, id uuid.UUID) (Delivery, error)
	// Deliveries lists those that the filter takes, newest first, and how many
	// there are.
	Deliveries(ctx context.Context, scope tenant.Scope, f DeliveryFilter, p Page) ([]Delivery, int, error)
	// DeliveryIDs lists the ids of those that the filter takes, oldest first.
	DeliveryIDs(ctx context.Context, scope tenant.Scope, f DeliveryFilter, limit int) ([]uuid.UUID, error)
	// EarlierPending tells whether the verification has an undelivered webhook
	// with a smaller sequence that is still being tried.
	EarlierPending(ctx context.Context, scope tenant.Scope, d Delivery) (bool, error)
	// RecordAttempt keeps one attempt and the delivery's new state. When the
	// delivery is in a later round than d, its state changes to Delivered only.
	RecordAttempt(ctx context.Context, scope tenant.Scope, d Delivery, a DeliveryAttempt) error
	// DeliveryAttempts lists the attempts of a delivery, oldest first.
	DeliveryAttempts(ctx context.Context, scope tenant.Scope, id uuid.UUID) ([]DeliveryAttempt, error)
	// BeginRound makes a delivery PENDING in a new round, whatever its state
	// was, and returns it. One whose address is disabled is a Conflict.
	BeginRound(ctx context.Context, scope tenant.Scope, id uuid.UUID, at time.Time) (Delivery, error)
	// DisableAddress disables d's address for d's group: what else is pending
	// for it becomes DISABLED.
	DisableAddress(ctx context.Context, scope tenant.Scope, d Delivery, at time.Time) error
	// HoldDisabled makes a pending d DISABLED when its address is, and tells
	// whether it is.
	HoldDisabled(ctx context.Context, scope tenant.Scope, d Delivery, at time.Time) (bool, error)
	// DisabledAddresses lists disabled addresses, newest first, and how many
	// there are.
	DisabledAddresses(ctx context.Context, scope tenant.Scope, p Page) ([]DisabledAddress, int, error)
	// EnableAddress lets an address be sent to again.
	EnableAddress(ctx context.Context, scope tenant.Scope, id uuid.UUID) error
	// GroupSecrets are the secrets of a group that sign at a time, the newest
	// first.
	GroupSecrets(ctx context.Context, scope tenant.Scope, group uuid.UUID, at time.Time) ([]string, error)
}

// Delivery is one webhook on its way.
type Delivery struct {
	ID uuid.UUID
	Tenancy
	VerificationID uuid.UUID
	Sequence       int
	URL            string
	Body           []byte
	Secret         string // the caller's own; empty: the group's
	State          DeliveryState
	Attempts       int // over all rounds
	// Round counts the replays; RoundAt is when the last one began, and
	// RoundAttempts how many attempts were made before it.
	Round         int
	RoundAt       time.Time
	RoundAttempts int
	NextAt        *time.Time // of the next attempt, as far as it is known
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// DeliveryState is how a webhook stands.
type DeliveryState string

// The states.
const (
	Pending   DeliveryState = "PENDING"
	Delivered DeliveryState = "DELIVERED"
	Dead      DeliveryState = "DEAD"     // given up
	Disabled  DeliveryState = "DISABLED" // not sent: the address had answered 410
)

// DeliveryFilter chooses deliveries; zero values choose all.
type DeliveryFilter struct {
	VerificationID uuid.UUID
	State          DeliveryState
	From, To       *time.Time // of creation: From <= t < To
}

// DeliveryAttempt is one try to deliver.
type DeliveryAttempt struct {
	Number     int // 1 for the first
	At         time.Time
	HTTPStatus int    // 0 when no answer came
	Error      string // safe to show
	Duration   time.Duration
	// Answer is the beginning of the answer's body. It is whatever the receiver
	// likes: show it as text only.
	Answer []byte
}

// DisabledAddress is where a group's webhooks go no more.
type DisabledAddress struct {
	ID uuid.UUID
	Tenancy
	URL        string
	DeliveryID uuid.UUID // that was answered 410
	DisabledAt time.Time
}
