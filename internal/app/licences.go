package app

import (
	"log/slog"

	"anycheck/internal/onnx"
)

// warnLicences names, once each, the installed models in use whose weights are
// not known to be free for commercial use.
func warnLicences(models *onnx.Models, log *slog.Logger) {
	for _, m := range models.Unlicensed() {
		log.Warn("the licence of a model does not allow commercial use, or is not known", "model", m.Name, "licence", m.Licence.ID, "commercial", m.Licence.Commercial)
	}
}
