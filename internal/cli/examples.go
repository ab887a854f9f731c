package cli

import "github.com/alecthomas/kong"

// examples has those of the commands whose Help shows none.
var examples = map[string]string{
	"serve": `  anycheck serve
  anycheck serve --addr 0.0.0.0:8080 --data-dir /var/lib/anycheck`,
	"demo": `  anycheck demo
  anycheck demo --url https://anycheck.example --api-key ack_live_…`,
	"config":  `  anycheck config --json`,
	"version": `  anycheck version`,

	"models list": `  anycheck models list`,
	"models pull": `  anycheck models pull
  anycheck models pull mobilefacenet_128`,

	"lists import": `  anycheck lists import sdn.csv alt.csv add.csv sdn_comments.csv
  anycheck lists import un.xml
  anycheck lists import staff.csv --name own_staff --force`,
	"lists sources": `  anycheck lists sources`,
	"lists list":    `  anycheck lists list --json`,

	"regions import": `  anycheck regions import regions.csv.gz`,
	"regions list":   `  anycheck regions list`,
	"regions show":   `  anycheck regions show 31.74.01`,

	"bench ktp":      `  anycheck bench ktp cards --report cards.html`,
	"bench faces":    `  anycheck bench faces pairs.csv --report faces.html`,
	"bench pairs":    `  anycheck bench pairs pairs.csv --all`,
	"bench pipeline": `  anycheck bench pipeline --runs 50 --json`,

	"user add": `  anycheck user add ana@example.com --name Ana --group Retail
  anycheck user add audit@example.com --role auditor --group Retail`,
	"user list":     `  anycheck user list`,
	"user password": `  anycheck user password ana@example.com`,
	"user disable":  `  anycheck user disable ana@example.com`,
	"user enable":   `  anycheck user enable ana@example.com`,
	"user role":     `  anycheck user role ana@example.com reviewer`,
	"user unlink":   `  anycheck user unlink ana@example.com`,
	"user quota": `  anycheck user quota ana@example.com
  anycheck user quota ana@example.com 500
  anycheck user quota ana@example.com none`,

	"group add":    `  anycheck group add Retail --organization "Example Bank" --credits 1000`,
	"group list":   `  anycheck group list`,
	"group credit": `  anycheck group credit Retail 500 --note "invoice 2026-11"`,
	"group mask":   `  anycheck group mask Retail on`,
	"group usage": `  anycheck group usage
  anycheck group usage Retail --from 2026-11-01 --to 2026-11-30 --per day --by service,user`,
	"group limit": `  anycheck group limit Retail 600
  anycheck group limit Retail default`,
	"group settings": `  anycheck group settings Retail
  anycheck group settings Retail --api-key ON_INCONCLUSIVE --four-eyes`,

	"key add": `  anycheck key add shop --user ana@example.com
  anycheck key add reports --user ana@example.com --scopes verifications:read --expires 90d
  anycheck key add staging --user ana@example.com --mode test`,
	"key list":   `  anycheck key list`,
	"key revoke": `  anycheck key revoke ack_live_ABCDEFGH`,
	"key limit":  `  anycheck key limit ack_live_ABCDEFGH 60`,

	"service list":    `  anycheck service list`,
	"service enable":  `  anycheck service enable KTP_VERIFICATION`,
	"service disable": `  anycheck service disable KTP_VERIFICATION`,

	"privacy sweep": `  anycheck privacy sweep --dry-run`,
	"privacy keep": `  anycheck privacy keep Retail
  anycheck privacy keep "Default group" --result 365 --files 30 --uploads 2`,

	"master-key list":   `  anycheck master-key list`,
	"master-key rotate": `  anycheck master-key rotate`,
	"master-key prune":  `  anycheck master-key prune`,

	"audit checkpoint": `  anycheck audit checkpoint --json >> /media/usb/checkpoints.json`,
	"audit key":        `  anycheck audit key`,
}

// showExamples adds the examples to what --help says.
func showExamples(parser *kong.Kong) {
	for _, leaf := range parser.Model.Leaves(false) {
		text, ok := examples[commandName(leaf)]
		if !ok {
			continue
		}
		if leaf.Detail != "" {
			leaf.Detail += "\n\n"
		}
		leaf.Detail += "Examples:\n" + text
	}
}
