package httpapi

import (
	"iter"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/tenant"
)

// anyCaller stands for routes that need no permission: they are about the
// caller itself, or show it what is within its reach.
const anyCaller tenant.Permission = ""

// permissions says what each operation needs, for the document. The use cases
// ask for it; TestRoutesNeedPermission holds the two together. Operations that
// anyone may call are not in it.
var permissions = map[string]tenant.Permission{
	"logout": anyCaller, "profile": anyCaller, "changePassword": anyCaller,
	"listSessions": anyCaller, "endSession": anyCaller, "endSessions": anyCaller,
	"listOrganizations": anyCaller, "listGroups": anyCaller,

	"listUsers": tenant.ManageUsers, "createUser": tenant.ManageUsers, "getUser": tenant.ManageUsers, "updateUser": tenant.ManageUsers,
	"listAPIKeys": tenant.ManageKeys, "createAPIKey": tenant.ManageKeys, "deleteAPIKey": tenant.ManageKeys,
	"createOrganization": tenant.ManageOrganizations,
	"createGroup":        tenant.ManageSettings, "updateGroup": tenant.ManageSettings,
	"getGroupSettings": tenant.ReadFolders, "updateGroupSettings": tenant.ManageSettings,
	"getRetention": tenant.ReadFolders, "setRetention": tenant.ManageSettings,

	"uploadFiles":  tenant.WriteUploads,
	"createFolder": tenant.WriteFolders, "updateFolder": tenant.WriteFolders, "deleteFolder": tenant.WriteFolders,
	"getFolder": tenant.ReadFolders, "listFolders": tenant.ReadFolders, "listFolderResults": tenant.ReadFolders,
	"listServices": tenant.ReadServices, "getService": tenant.ReadServices, "listFormFields": tenant.ReadServices, "listWatchLists": tenant.ReadServices,

	"createVerification": tenant.WriteVerifications, "retryVerification": tenant.WriteVerifications, "cancelVerification": tenant.WriteVerifications,
	"createDraft": tenant.WriteVerifications, "updateDraft": tenant.WriteVerifications, "submitDraft": tenant.WriteVerifications, "submitDrafts": tenant.WriteVerifications,
	"createScreening": tenant.WriteVerifications,
	"getVerification": tenant.ReadVerifications, "listVerifications": tenant.ReadVerifications, "listEvents": tenant.ReadVerifications,
	"listAttempts": tenant.ReadVerifications, "listReviews": tenant.ReadVerifications, "getJob": tenant.ReadVerifications,
	"getScreening": tenant.ReadVerifications, "listFeed": tenant.ReadVerifications,
	"listResults": tenant.ReadVerifications, "getResult": tenant.ReadVerifications,
	"reviewVerification": tenant.ReviewVerifications, "decideFraud": tenant.ReviewVerifications,
	"dismissHit": tenant.ReviewVerifications, "takeBackDismissal": tenant.ReviewVerifications,
	revealOperation: tenant.RevealPersonalData, "downloadEvidence": tenant.ExportResults,
	"eraseResult": tenant.EraseResults, "findSubject": tenant.EraseResults,
	exportSubjectOperation: tenant.EraseResults, // and results:export and personal-data:read
	"listReveals":          tenant.ReadAudit,

	"getGroupCredits": tenant.ReadCredits, "getOrganizationCredits": tenant.ReadCredits, "listLedgerEntries": tenant.ReadCredits, "getUsage": tenant.ReadCredits,
	"topUp": tenant.ManageCredits, "transferCredits": tenant.DistributeCredits,
	"getQuota": tenant.ReadCredits, "setQuota": tenant.DistributeCredits, // another's quota: credits:distribute
	"getGroupRateLimit": tenant.ManageKeys, "setGroupRateLimit": tenant.ManageLimits,
	"getKeyRateLimit": tenant.ManageKeys, "setKeyRateLimit": tenant.ManageKeys,

	"listDeliveries": tenant.ReadVerifications, "getDelivery": tenant.ReadVerifications, "listDisabledWebhooks": tenant.ReadVerifications,
	"replayDelivery": tenant.WriteVerifications, "replayDeliveries": tenant.WriteVerifications, "testWebhook": tenant.WriteVerifications, "enableWebhook": tenant.WriteVerifications,
	"rotateWebhookSecret": tenant.ManageSettings,
	"listAuditRecords":    tenant.ReadAudit,
}

// documentPermissions writes into the document what each operation needs, and
// who has it.
func documentPermissions(doc *huma.OpenAPI) {
	type row struct {
		Permission tenant.Permission `json:"permission"`
		Meaning    string            `json:"meaning"`
		Roles      []tenant.Role     `json:"roles"`
		Unmasked   []tenant.Role     `json:"roles_unless_masked"`
		Scope      tenant.KeyScope   `json:"api_key_scope"`
	}
	var rows []row
	for _, r := range tenant.Rules() {
		shown := row{r.Permission, r.Meaning, []tenant.Role{}, []tenant.Role{}, r.Key}
		for i, role := range tenant.Roles() {
			switch r.Roles[i] {
			case tenant.Yes:
				shown.Roles = append(shown.Roles, role)
			case tenant.Unmasked:
				shown.Unmasked = append(shown.Unmasked, role)
			}
		}
		rows = append(rows, shown)
	}
	doc.Extensions["x-permissions"] = rows
	for op := range operations(doc) {
		if needed := permissions[op.OperationID]; needed != anyCaller {
			if op.Extensions == nil {
				op.Extensions = map[string]any{}
			}
			op.Extensions["x-permission"] = needed
		}
	}
}

// operations gives every operation of the document, in no order.
func operations(doc *huma.OpenAPI) iter.Seq[*huma.Operation] {
	return func(yield func(*huma.Operation) bool) {
		for _, item := range doc.Paths {
			for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
				if op != nil && !yield(op) {
					return
				}
			}
		}
	}
}
