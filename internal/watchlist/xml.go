package watchlist

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

const (
	maxXMLDepth = 12
	maxXMLEntry = 4 << 20 // bytes of one token or one entry
)

// xmlHandlers say what to do with the elements of a list, by name. Each takes
// its element to the end; what has no handler is walked through.
type xmlHandlers map[string]func(in *xml.Decoder, start xml.StartElement) error

// readXML reads a document one entry at a time. head sees the attributes of
// the root. encoding/xml expands no entities of a document type definition;
// one is refused all the same.
func readXML(s *source, root string, head func(xml.StartElement), each xmlHandlers) error {
	guard := &xmlGuard{from: s.in}
	in := newXML(guard)
	fail := func(err error) error {
		s.line, _ = in.InputPos()
		return xmlError(err)
	}
	depth := 0
	closed := false
	for {
		guard.left = maxXMLEntry
		t, err := in.Token()
		if err == io.EOF && closed {
			return nil
		}
		if err != nil {
			return fail(err)
		}
		switch t := t.(type) {
		case xml.Directive:
			return fail(errDirective)
		case xml.EndElement:
			depth--
			closed = depth == 0
		case xml.StartElement:
			if depth == 0 {
				if t.Name.Local != root || closed {
					return fail(fmt.Errorf("the XML is not a %s document", root))
				}
				head(t)
			}
			handle := each[t.Name.Local]
			if handle == nil || depth == 0 {
				if depth++; depth > maxXMLDepth {
					return fail(fmt.Errorf("the XML is nested deeper than %d levels", maxXMLDepth))
				}
				continue
			}
			s.line, _ = in.InputPos()
			if err := handle(in, t); err != nil {
				return fail(err)
			}
		}
	}
}

// entryHandler decodes an element into a T and hands it on.
func entryHandler[T any](each func(T) error) func(*xml.Decoder, xml.StartElement) error {
	return func(in *xml.Decoder, start xml.StartElement) error {
		var v T
		if err := in.DecodeElement(&v, &start); err != nil {
			return err
		}
		return each(v)
	}
}

var (
	errDirective = errors.New("the XML has a document type definition, which is not read")
	errCharset   = errors.New("the XML is not in UTF-8, UTF-16, ISO 8859-1 or Windows-1252")
	errCutXML    = errors.New("the XML is broken or ends too early")
)

// xmlError keeps what the decoder quotes of a broken document to itself.
func xmlError(err error) error {
	var syntax *xml.SyntaxError
	if errors.Is(err, errCharset) {
		return errCharset
	}
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &syntax) || strings.HasPrefix(err.Error(), "xml: ") {
		return errCutXML
	}
	return err
}

func newXML(from io.Reader) *xml.Decoder {
	in := xml.NewDecoder(from)
	in.CharsetReader = func(charset string, from io.Reader) (io.Reader, error) {
		switch strings.ToLower(charset) {
		case "iso-8859-1", "latin1", "windows-1252":
			return charmap.Windows1252.NewDecoder().Reader(from), nil
		case "us-ascii", "utf-16": // the latter decoded by sniff
			return from, nil
		}
		return nil, errCharset
	}
	return in
}

// xmlRoot is the name of the first element, if the beginning of a file shows
// one.
func xmlRoot(head []byte) string {
	in := xml.NewDecoder(bytes.NewReader(head))
	in.CharsetReader = func(_ string, from io.Reader) (io.Reader, error) { return from, nil }
	for {
		t, err := in.RawToken()
		if err != nil {
			return ""
		}
		if start, ok := t.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}

// attribute is the value of an attribute, empty when it is long or not there.
func attribute(start xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Local == name && len(a.Value) <= 100 {
			return a.Value
		}
	}
	return ""
}

// xmlGuard bounds the bytes that one token or one entry may take: the decoder
// holds it in memory.
type xmlGuard struct {
	from io.Reader
	left int
}

func (g *xmlGuard) Read(p []byte) (int, error) {
	// The decoder buffers; reading small pieces keeps the bound near.
	n, err := g.from.Read(p[:min(len(p), 4096)])
	if g.left -= n; g.left < 0 {
		return 0, fmt.Errorf("an entry is longer than %d bytes", maxXMLEntry)
	}
	return n, err
}
