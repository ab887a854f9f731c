package apidoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// postmanSchema names the format of a collection.
const postmanSchema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

type collection struct {
	Info     collectionInfo   `json:"info"`
	Auth     *collectionAuth  `json:"auth"`
	Variable []collectionPair `json:"variable"`
	Item     []folder         `json:"item"`
}

type collectionInfo struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Version     string `json:"version"`
	Schema      string `json:"schema"`
}

// collectionPair is a variable, a header, a query value or a part of a form.
type collectionPair struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Type        string `json:"type,omitempty"`
	Description string `json:"description,omitempty"`
	Disabled    bool   `json:"disabled,omitempty"`
}

type collectionAuth struct {
	Type   string           `json:"type"`
	APIKey []collectionPair `json:"apikey,omitempty"`
	Bearer []collectionPair `json:"bearer,omitempty"`
}

type folder struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Item        []item `json:"item"`
}

type item struct {
	Name     string         `json:"name"`
	Request  postmanRequest `json:"request"`
	Response []savedAnswer  `json:"response"`
}

type postmanRequest struct {
	Method      string           `json:"method"`
	Auth        *collectionAuth  `json:"auth,omitempty"`
	Header      []collectionPair `json:"header"`
	Body        *postmanBody     `json:"body,omitempty"`
	URL         postmanURL       `json:"url"`
	Description string           `json:"description,omitempty"`
}

type postmanBody struct {
	Mode     string           `json:"mode"` // raw or formdata
	Raw      string           `json:"raw,omitempty"`
	FormData []collectionPair `json:"formdata,omitempty"`
	Options  any              `json:"options,omitempty"`
}

type postmanURL struct {
	Raw      string           `json:"raw"`
	Host     []string         `json:"host"`
	Path     []string         `json:"path"`
	Query    []collectionPair `json:"query,omitempty"`
	Variable []collectionPair `json:"variable,omitempty"`
}

type savedAnswer struct {
	Name            string           `json:"name"`
	OriginalRequest postmanRequest   `json:"originalRequest"`
	Status          string           `json:"status"`
	Code            int              `json:"code"`
	Header          []collectionPair `json:"header"`
	Body            string           `json:"body"`
	Language        string           `json:"_postman_previewlanguage"`
}

// Postman is the document as a Postman collection (v2.1), indented JSON: a
// folder for each tag, a request for each operation, with the recorded
// examples as bodies and saved answers. baseURL, apiKey and accessToken are
// its variables.
func (d *Document) Postman() ([]byte, error) {
	c := collection{
		Info: collectionInfo{d.Info.Title, d.Info.Description + "\n\nSet the variables baseUrl and apiKey; accessToken is for what API keys may not do (POST /auth/login gives one).", d.Info.Version, postmanSchema},
		Auth: &collectionAuth{Type: "apikey", APIKey: []collectionPair{{Key: "key", Value: "X-API-Key", Type: "string"}, {Key: "value", Value: "{{apiKey}}", Type: "string"}, {Key: "in", Value: "header", Type: "string"}}},
		Variable: []collectionPair{
			{Key: "baseUrl", Value: "http://127.0.0.1:8080", Type: "string"},
			{Key: "apiKey", Type: "string"},
			{Key: "accessToken", Type: "string"},
		},
	}
	for _, tag := range d.Tags {
		f := folder{Name: tag.Name, Description: tag.Description, Item: []item{}}
		for _, op := range d.operations(tag.Name) {
			f.Item = append(f.Item, d.postmanItem(op))
		}
		c.Item = append(c.Item, f)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(c); err != nil {
		return nil, fmt.Errorf("postman collection: %w", err)
	}
	return b.Bytes(), nil
}

func (d *Document) postmanItem(op *operation) item {
	r := postmanRequest{Method: op.method, Header: []collectionPair{}, URL: op.postmanURL(), Description: op.Summary}
	if op.Description != "" {
		r.Description += "\n\n" + op.Description
	}
	switch p := d.permission(op.Permission); {
	case op.public():
		r.Auth = &collectionAuth{Type: "noauth"}
	case p != nil && p.Scope == "": // no API key may
		r.Auth = &collectionAuth{Type: "bearer", Bearer: []collectionPair{{Key: "token", Value: "{{accessToken}}", Type: "string"}}}
	}
	for _, p := range op.Parameters {
		if p.In == "header" {
			r.Header = append(r.Header, collectionPair{Key: p.Name, Value: "{{$guid}}", Description: p.Description, Disabled: !p.Required})
		}
	}
	if op.RequestBody != nil {
		r.Body = postmanBodyOf(op.RequestBody.Content)
		if r.Body != nil && r.Body.Mode == "raw" {
			r.Header = append(r.Header, collectionPair{Key: "Content-Type", Value: "application/json"})
		}
	}
	out := item{Name: op.Summary, Request: r, Response: []savedAnswer{}}
	status, answer := op.success()
	if answer == nil || answer.Content["application/json"] == nil || len(answer.Content["application/json"].Example) == 0 {
		return out
	}
	code, err := strconv.Atoi(status)
	if err == nil {
		out.Response = append(out.Response, savedAnswer{Name: answer.Description, OriginalRequest: r, Status: http.StatusText(code), Code: code,
			Header: []collectionPair{{Key: "Content-Type", Value: "application/json"}}, Body: indented(answer.Content["application/json"].Example), Language: "json"})
	}
	return out
}

// postmanURL has the path's parameters as variables and the query's optional
// values switched off.
func (op *operation) postmanURL() postmanURL {
	u := postmanURL{Host: []string{"{{baseUrl}}"}}
	for _, part := range strings.Split(strings.TrimPrefix(op.path, "/"), "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			part = ":" + strings.TrimSuffix(name, "}")
		}
		u.Path = append(u.Path, part)
	}
	var sent []string
	for _, p := range op.Parameters {
		pair := collectionPair{Key: p.Name, Description: p.Description}
		switch p.In {
		case "path":
			u.Variable = append(u.Variable, pair)
		case "query":
			if p.Schema != nil && len(p.Schema.Default) > 0 {
				pair.Value = strings.Trim(string(p.Schema.Default), `"`)
			}
			if pair.Disabled = !p.Required; p.Required {
				sent = append(sent, url.QueryEscape(p.Name)+"="+url.QueryEscape(pair.Value))
			}
			u.Query = append(u.Query, pair)
		}
	}
	u.Raw = u.Host[0] + "/" + strings.Join(u.Path, "/")
	if len(sent) > 0 {
		u.Raw += "?" + strings.Join(sent, "&")
	}
	return u
}

func postmanBodyOf(content map[string]*mediaType) *postmanBody {
	if m := content["application/json"]; m != nil {
		raw := indented(m.Example)
		if raw == "" {
			raw = "{}"
		}
		return &postmanBody{Mode: "raw", Raw: raw, Options: map[string]any{"raw": map[string]string{"language": "json"}}}
	}
	m := content["multipart/form-data"]
	if m == nil || m.Schema == nil {
		return nil
	}
	b := &postmanBody{Mode: "formdata"}
	for _, name := range m.Schema.names() {
		p := m.Schema.Properties[name]
		part := collectionPair{Key: name, Type: "text", Description: p.Description, Disabled: !slices.Contains(m.Schema.Required, name)}
		if p.Items != nil && p.Items.Format == "binary" || p.Format == "binary" {
			part.Type = "file"
		}
		if len(p.Enum) > 0 {
			part.Value = fmt.Sprint(p.Enum[0])
		}
		b.FormData = append(b.FormData, part)
	}
	return b
}
