package httpapi

import "anycheck/internal/verification"

// View shows a verification that no server holds, as the API would: without
// links.
func View(v verification.Verification) any {
	v.Config.Files = nil
	return (&server{}).viewVerification("", v)
}
