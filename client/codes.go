package client

// The codes of errors, as Error.Code has them. docs/api.md says what each means.
const (
	CodeInvalidRequest      = "INVALID_REQUEST"
	CodeInvalidID           = "INVALID_ID"
	CodeInvalidValue        = "INVALID_VALUE"
	CodeAlreadyExists       = "ALREADY_EXISTS"
	CodeUnauthorized        = "UNAUTHORIZED"
	CodeInvalidCredentials  = "INVALID_CREDENTIALS"
	CodeInvalidToken        = "INVALID_TOKEN"
	CodeTokenExpired        = "TOKEN_EXPIRED"
	CodeInvalidAPIKey       = "INVALID_API_KEY"
	CodeAPIKeyExpired       = "API_KEY_EXPIRED"
	CodeForbidden           = "FORBIDDEN"
	CodeInsufficientBalance = "INSUFFICIENT_BALANCE"
	CodeQuotaExceeded       = "QUOTA_EXCEEDED"
	CodeNotFound            = "NOT_FOUND"
	CodeRequestTimeout      = "REQUEST_TIMEOUT"
	CodeInternal            = "INTERNAL_SERVER_ERROR"
	CodeInvalidState        = "INVALID_STATE"
	CodeIdempotencyConflict = "IDEMPOTENCY_CONFLICT"
	CodeFileTooLarge        = "FILE_TOO_LARGE"
	CodeUnsupportedFileType = "UNSUPPORTED_FILE_TYPE"
	CodeRateLimited         = "RATE_LIMITED"
	CodeServiceUnavailable  = "SERVICE_UNAVAILABLE"
)

// Codes lists every code that the API answers with.
func Codes() []string {
	return []string{
		CodeInvalidRequest,
		CodeInvalidID,
		CodeInvalidValue,
		CodeAlreadyExists,
		CodeUnauthorized,
		CodeInvalidCredentials,
		CodeInvalidToken,
		CodeTokenExpired,
		CodeInvalidAPIKey,
		CodeAPIKeyExpired,
		CodeForbidden,
		CodeInsufficientBalance,
		CodeQuotaExceeded,
		CodeNotFound,
		CodeRequestTimeout,
		CodeInternal,
		CodeInvalidState,
		CodeIdempotencyConflict,
		CodeFileTooLarge,
		CodeUnsupportedFileType,
		CodeRateLimited,
		CodeServiceUnavailable,
	}
}
