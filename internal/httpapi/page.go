package httpapi

import (
	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/verification"
)

// Page is the slice of a list that a request asks for. Values out of range
// are refused, never bent. It is exported, as ItemID is, because huma passes
// over embedded types that are not.
type Page struct {
	PageOffset int `query:"page_offset" default:"0" minimum:"0" doc:"Number of items to skip."`
	PageSize   int `query:"page_size" default:"10" minimum:"1" maximum:"100" doc:"Number of items per page."`
}

// Resolve is for huma.
func (*Page) Resolve(ctx huma.Context) []error {
	return append(sentWhole(ctx, "page_offset", "invalid integer"), sentWhole(ctx, "page_size", "invalid integer")...)
}

func (p Page) page() verification.Page {
	return verification.Page{Offset: p.PageOffset, Size: p.PageSize}
}

// ItemID is the id in a path.
type ItemID struct {
	ID id `path:"id" doc:"Its id."`
}

// sentWhole refuses what huma passes over: a parameter of the query without a
// value, for which it takes the default, and all but the first of several.
func sentWhole(ctx huma.Context, name, empty string) []error {
	u := ctx.URL()
	switch values := u.Query()[name]; {
	case len(values) > 1:
		return []error{&huma.ErrorDetail{Location: "query." + name, Message: msgSeveral}}
	case len(values) == 1 && values[0] == "":
		return []error{&huma.ErrorDetail{Location: "query." + name, Message: empty}}
	}
	return nil
}

const msgSeveral = "must be sent once"
