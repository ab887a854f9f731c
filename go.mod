module anycheck

go 1.26.0

require (
	code.dny.dev/ssrf v0.3.0 // deny list for outbound calls, generated from IANA's registries
	github.com/VictoriaMetrics/metrics v1.45.0 // the text of GET /metrics; small, no client library to configure
	github.com/alecthomas/kong v1.17.0 // flags, environment and help from one struct
	github.com/coreos/go-oidc/v3 v3.21.0 // single sign-on: discovery, keys, ID tokens (ADR 0013)
	github.com/danielgtaylor/huma/v2 v2.37.2 // OpenAPI 3.1 and validation from the handlers' own types
	github.com/gofrs/flock v0.13.2 // one process per data folder
	github.com/golang-jwt/jwt/v5 v5.3.1 // access tokens
	github.com/google/uuid v1.6.0 // UUIDv7
	github.com/jackc/pgx/v5 v5.12.0 // PostgreSQL
	github.com/klippa-app/go-pdfium v1.21.4 // PDF pages, in a WebAssembly sandbox (ADR 0003)
	github.com/mozillazg/go-unidecode v0.2.0 // names in other scripts; tables only, finished
	github.com/pressly/goose/v3 v3.29.0 // migrations
	github.com/richardlehane/mscfb v1.0.9 // container of old .xls lists; excelize needs it too. The readers of .xls on offer are unmaintained: ours reads the few records it needs
	github.com/riverqueue/river v0.49.0 // job queue in the database (ADR 0004); all River modules at one version
	github.com/riverqueue/river/riverdriver/riverpgxv5 v0.49.0 // River on PostgreSQL
	github.com/riverqueue/river/riverdriver/riversqlite v0.49.0 // River on SQLite
	github.com/riverqueue/river/rivertype v0.49.0 // River's types
	github.com/schollz/progressbar/v3 v3.19.1 // progress on long work
	github.com/standard-webhooks/standard-webhooks/libraries v0.0.1 // tests only: a second opinion on our signatures
	github.com/tetratelabs/wazero v1.12.0 // limits of the PDF sandbox
	github.com/tink-crypto/tink-go/v2 v2.9.0 // encryption at rest (ADR 0014)
	github.com/xuri/excelize/v2 v2.11.1 // workbooks
	github.com/yalue/onnxruntime_go v1.27.0 // ONNX Runtime (ADR 0001)
	golang.org/x/crypto v0.58.0 // argon2id
	golang.org/x/image v0.47.0 // WebP and TIFF; fonts of the drawn card
	golang.org/x/net v0.62.0 // tests only: a DNS server for the outbound guard
	golang.org/x/oauth2 v0.38.0 // authorization code flow with PKCE; go-oidc needs it anyway
	golang.org/x/term v0.47.0 // is this a terminal
	golang.org/x/text v0.43.0 // Unicode normal forms of names
	modernc.org/sqlite v1.61.1 // SQLite without cgo; libc stays at the version it pins
)

require (
	github.com/BurntSushi/toml v1.4.1-0.20240526193622-a339e1f7089c // indirect
	github.com/bitfield/gotestdox v0.2.2 // indirect
	github.com/dnephin/pflag v1.0.7 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/fatih/color v1.18.0 // indirect
	github.com/fsnotify/fsnotify v1.9.0 // indirect
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	github.com/google/shlex v0.0.0-20191202100458-e7afc7fbc510 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/jolestar/go-commons-pool/v2 v2.1.2 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mfridman/interpolate v0.0.2 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/richardlehane/msoleps v1.0.6 // indirect
	github.com/riverqueue/river/riverdriver v0.49.0 // indirect
	github.com/riverqueue/river/rivershared v0.49.0 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/sethvargo/go-retry v0.5.0 // indirect
	github.com/tidwall/gjson v1.19.0 // indirect
	github.com/tidwall/match v1.2.0 // indirect
	github.com/tidwall/pretty v1.2.1 // indirect
	github.com/tidwall/sjson v1.2.5 // indirect
	github.com/tiendc/go-deepcopy v1.7.2 // indirect
	github.com/valyala/fastrand v1.1.0 // indirect
	github.com/valyala/histogram v1.2.0 // indirect
	github.com/xuri/efp v0.0.3-0.20260924042702-217b81952dec // indirect
	github.com/xuri/nfp v0.0.2-0.20250530014748-2ddeb826f9a9 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	golang.org/x/exp/typeparams v0.0.0-20231108232855-2478ac86f678 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	gotest.tools/gotestsum v1.13.0 // indirect
	honnef.co/go/tools v0.8.2 // indirect
	modernc.org/libc v1.79.0 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)

tool (
	gotest.tools/gotestsum
	honnef.co/go/tools/cmd/staticcheck
)
