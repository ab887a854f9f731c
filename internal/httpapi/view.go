package httpapi

import "anycheck/internal/verification"

// View shows a verification that no server holds, as the API would: without
// links.
func View(v verification.Verification) any {
	v.Config.Files, v.OutputPath, v.ExportPath = nil, "", ""
	return (&server{}).viewVerification(links{}, v.InFull())
}
