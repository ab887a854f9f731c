package httpapi

import "anycheck/internal/verification"

// Page is the slice of a list that a request asks for. Values out of range
// are refused, never bent. It is exported, as ItemID is, because huma passes
// over embedded types that are not.
type Page struct {
	PageOffset int `query:"page_offset" default:"0" minimum:"0" doc:"Number of items to skip."`
	PageSize   int `query:"page_size" default:"10" minimum:"1" maximum:"100" doc:"Number of items per page."`
}

func (p Page) page() verification.Page {
	return verification.Page{Offset: p.PageOffset, Size: p.PageSize}
}

// ItemID is the id in a path.
type ItemID struct {
	ID id `path:"id" doc:"Its id."`
}
