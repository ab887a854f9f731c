package verification

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"anycheck/internal/fault"
)

func TestParseConfiguration(t *testing.T) {
	form := Catalogue()[0].Form
	tests := []struct {
		name, in string
		want     Configuration
		wrong    []string // fields named in the error
	}{
		{"a card alone", `{"verification_type":"KTP","files":{"ktp_file":["a"]}}`,
			Configuration{Type: KTP, Files: map[string][]string{"ktp_file": {"a"}}}, nil},
		{"everything", `{"verification_type":"KTP_SELFIE_PEP","files":{"ktp_file":["a"],"selfie_file":["b"]},"fraud_detection":true}`,
			Configuration{Type: KTPSelfiePEP, Files: map[string][]string{"ktp_file": {"a"}, "selfie_file": {"b"}}, FraudDetection: true}, nil},
		{"an empty selfie list where none is needed", `{"verification_type":"KTP","files":{"ktp_file":["a"]},"fraud_detection":false}`,
			Configuration{Type: KTP, Files: map[string][]string{"ktp_file": {"a"}}}, nil},
		{"nothing", `{}`, Configuration{}, []string{"configuration.verification_type", "configuration.files.ktp_file"}},
		{"not an object", `[1]`, Configuration{}, []string{"configuration"}},
		{"null", `null`, Configuration{}, []string{"configuration"}},
		{"an unknown type", `{"verification_type":"KITAS","files":{"ktp_file":["a"]}}`, Configuration{}, []string{"configuration.verification_type"}},
		{"a missing selfie", `{"verification_type":"KTP_SELFIE","files":{"ktp_file":["a"]}}`, Configuration{}, []string{"configuration.files.selfie_file"}},
		{"a selfie nobody asked for", `{"verification_type":"KTP","files":{"ktp_file":["a"],"selfie_file":["b"]}}`, Configuration{}, []string{"configuration.files.selfie_file"}},
		{"two cards", `{"verification_type":"KTP","files":{"ktp_file":["a","b"]}}`, Configuration{}, []string{"configuration.files.ktp_file"}},
		{"an empty list", `{"verification_type":"KTP","files":{"ktp_file":[]}}`, Configuration{}, []string{"configuration.files.ktp_file"}},
		{"a path that is no text", `{"verification_type":"KTP","files":{"ktp_file":[7]}}`, Configuration{}, []string{"configuration.files.ktp_file[0]"}},
		{"a path with a NUL", `{"verification_type":"KTP","files":{"ktp_file":["a\u0000"]}}`, Configuration{}, []string{"configuration.files.ktp_file[0]"}},
		{"files that is no object", `{"verification_type":"KTP","files":"a"}`, Configuration{}, []string{"configuration.files", "configuration.files.ktp_file"}},
		{"a dotted key", `{"verification_type":"KTP","files.ktp_file":["a"]}`, Configuration{}, []string{"configuration.files.ktp_file", "configuration.files.ktp_file"}},
		{"fraud_detection that is text", `{"verification_type":"KTP","files":{"ktp_file":["a"]},"fraud_detection":"yes"}`, Configuration{}, []string{"configuration.fraud_detection"}},
		{"unknown keys", `{"verification_type":"KTP","files":{"ktp_file":["a"],"sim":["b"]},"colour":1}`, Configuration{}, []string{"configuration.colour", "configuration.files.sim"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseConfiguration(form, json.RawMessage(tt.in))
			var wrong []string
			if err != nil {
				if !fault.Is(err, fault.Invalid) {
					t.Fatalf("error %v is not Invalid", err)
				}
				for _, f := range fault.From(err).Fields {
					wrong = append(wrong, f.Field)
					if strings.Contains(f.Message, "%!") {
						t.Errorf("message %q", f.Message)
					}
				}
			}
			if !reflect.DeepEqual(wrong, tt.wrong) {
				t.Fatalf("wrong fields = %v, want %v", wrong, tt.wrong)
			}
			if tt.wrong == nil && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
