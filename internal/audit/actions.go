package audit

// Action is a stable code for what was done: the thing, a point, what happened
// to it. Codes are never reused; clients and reports filter by them.
type Action string

// The actions.
const (
	Login     Action = "auth.login"
	LoginFail Action = "auth.login_failed"
	Refreshed Action = "auth.refreshed"
	Logout    Action = "auth.logout"

	SessionRevoked Action = "session.revoked"

	KeyUsed    Action = "key.used" // the first call of a key in an hour
	KeyCreated Action = "key.created"
	KeyRevoked Action = "key.revoked"

	UserCreated         Action = "user.created"
	UserPasswordChanged Action = "user.password_changed"
	UserDisabled        Action = "user.disabled"
	UserEnabled         Action = "user.enabled"
	UserChanged         Action = "user.changed" // name or role
	UserUnlinked        Action = "user.unlinked"
	OrganizationCreated Action = "organization.created"
	GroupCreated        Action = "group.created"
	CreditsAdded        Action = "credits.added"
	CreditsMoved        Action = "credits.moved"

	DataViewed     Action = "personal_data.viewed"
	DataRevealed   Action = "personal_data.revealed" // one masked value
	FileUploaded   Action = "file.uploaded"
	FileDownloaded Action = "file.downloaded"
	Exported       Action = "export.downloaded"

	VerificationCreated   Action = "verification.created"
	VerificationRetried   Action = "verification.retried"
	VerificationCancelled Action = "verification.cancelled"
	ScreeningCreated      Action = "screening.created"
	VerificationReviewed  Action = "verification.reviewed"
	FraudDecided          Action = "verification.fraud_decided"
	DraftChanged          Action = "draft.changed"
	HitDismissed          Action = "hit.dismissed"
	HitRestored           Action = "hit.restored"

	ResultErased    Action = "result.erased"
	SubjectSearched Action = "subject.searched" // a person's results, by NIK
	SubjectExported Action = "subject.exported" // one result of a person's export
	RetentionSwept  Action = "retention.swept"
	MasterRotated   Action = "master_key.rotated"
	MasterPruned    Action = "master_key.pruned"

	SecretRotated   Action = "webhook_secret.rotated"
	WebhookReplayed Action = "webhook.replayed"
	WebhookTested   Action = "webhook.tested"
	WebhookEnabled  Action = "webhook.enabled"

	SettingsChanged Action = "settings.changed"
	ListImported    Action = "list.imported"
	ListRolledBack  Action = "list.rolled_back"
	RegionsImported Action = "regions.imported"

	LogViewed    Action = "audit.viewed"
	Checkpointed Action = "audit.checkpointed"
)
