package ktp

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"anycheck/internal/ocr"
)

// The closed lists, as they are printed. Spellings that both occur are both
// there.
var (
	genders   = []string{"LAKI-LAKI", "PEREMPUAN"}
	religions = []string{"ISLAM", "KRISTEN", "KATHOLIK", "KATOLIK", "HINDU", "BUDHA", "BUDDHA", "KHONGHUCU", "KONGHUCU",
		"KEPERCAYAAN TERHADAP TUHAN YME", "KEPERCAYAAN"}
	maritalStatuses = []string{"BELUM KAWIN", "KAWIN", "KAWIN BELUM TERCATAT", "KAWIN TERCATAT", "CERAI HIDUP", "CERAI MATI",
		"CERAI HIDUP BELUM TERCATAT", "CERAI HIDUP TERCATAT", "CERAI BELUM TERCATAT"}
	nationalities = []string{"WNI", "WNA"}
	bloodTypes    = []string{"A", "B", "AB", "O", "A+", "B+", "AB+", "O+", "A-", "B-", "AB-", "O-", "-"}
	// Permendagri 109/2019, with the short forms that cards carry.
	occupations = []string{"BELUM/TIDAK BEKERJA", "MENGURUS RUMAH TANGGA", "PELAJAR/MAHASISWA", "PENSIUNAN",
		"PEGAWAI NEGERI SIPIL", "PEGAWAI NEGERI SIPIL (PNS)", "TENTARA NASIONAL INDONESIA", "TENTARA NASIONAL INDONESIA (TNI)",
		"KEPOLISIAN RI", "KEPOLISIAN RI (POLRI)", "PERDAGANGAN", "PETANI/PEKEBUN", "PETERNAK", "NELAYAN/PERIKANAN", "INDUSTRI",
		"KONSTRUKSI", "TRANSPORTASI", "KARYAWAN SWASTA", "KARYAWAN BUMN", "KARYAWAN BUMD", "KARYAWAN HONORER",
		"BURUH HARIAN LEPAS", "BURUH TANI/PERKEBUNAN", "BURUH NELAYAN/PERIKANAN", "BURUH PETERNAKAN", "PEMBANTU RUMAH TANGGA",
		"TUKANG CUKUR", "TUKANG LISTRIK", "TUKANG BATU", "TUKANG KAYU", "TUKANG SOL SEPATU", "TUKANG LAS/PANDAI BESI",
		"TUKANG JAHIT", "TUKANG GIGI", "PENATA RIAS", "PENATA BUSANA", "PENATA RAMBUT", "MEKANIK", "SENIMAN", "TABIB",
		"PARAJI", "PERANCANG BUSANA", "PENTERJEMAH", "IMAM MASJID", "PENDETA", "PASTOR", "PASTUR", "WARTAWAN",
		"USTADZ/MUBALIGH", "JURU MASAK", "PROMOTOR ACARA", "ANGGOTA DPR-RI", "ANGGOTA DPD", "ANGGOTA BPK", "PRESIDEN",
		"WAKIL PRESIDEN", "ANGGOTA MAHKAMAH KONSTITUSI", "ANGGOTA KABINET/KEMENTERIAN", "DUTA BESAR", "GUBERNUR",
		"WAKIL GUBERNUR", "BUPATI", "WAKIL BUPATI", "WALIKOTA", "WAKIL WALIKOTA", "ANGGOTA DPRD PROVINSI",
		"ANGGOTA DPRD KABUPATEN/KOTA", "ANGGOTA DPRD PROP.", "ANGGOTA DPRD KAB./KOTA", "DOSEN", "GURU", "PILOT", "PENGACARA",
		"NOTARIS", "ARSITEK", "AKUNTAN", "KONSULTAN", "DOKTER", "BIDAN", "PERAWAT", "APOTEKER", "PSIKIATER/PSIKOLOG",
		"PENYIAR TELEVISI", "PENYIAR RADIO", "PELAUT", "PENELITI", "SOPIR", "PIALANG", "PARANORMAL", "PEDAGANG",
		"PERANGKAT DESA", "KEPALA DESA", "BIARAWATI", "BIARAWAN", "WIRASWASTA", "LAINNYA", "ANGGOTA LEMBAGA TINGGI",
		"ARTIS", "ATLIT", "CHEFF", "MANAJER", "TENAGA TATA USAHA", "OPERATOR", "PEKERJA PENGOLAHAN, KERAJINAN",
		"TEKNISI", "ASISTEN AHLI"}
)

// A word of a list is taken when it is much likelier than the others and not
// much less likely than what the network would read freely. Without the second
// test a list invents values for what a reflection hides.
const (
	minPosterior = 0.9
	maxLoss      = 8.0 // nats
	maxWords     = 16  // of a list that are scored: those nearest to what was read
)

// choice is the best word of a list for a line.
type choice struct {
	word       string
	form       string // how the line says it
	confidence float64
	posterior  float64 // among the words of the list
	accepted   bool
	others     []Alternative
}

// choose scores a list by the CTC likelihood of each word. printed gives the
// forms in which a word may stand on the line.
func choose(out *ocr.Output, list []string, printed func(word string) []string) choice {
	if out.Steps() == 0 || len(list) == 0 {
		return choice{}
	}
	free := out.LogProb(out.Greedy().Text)
	type scored struct {
		word, form string
		log        float64
	}
	words := make([]scored, len(list))
	for i, w := range list {
		words[i] = scored{word: w, log: math.Inf(-1)}
		best := math.Inf(-1)
		for _, form := range printed(w) {
			log := out.LogProb(form)
			if log > best {
				best, words[i].form = log, form
			}
			words[i].log = logAdd(words[i].log, log)
		}
	}
	slices.SortStableFunc(words, func(a, b scored) int { return cmp.Compare(b.log, a.log) })
	if math.IsInf(words[0].log, -1) {
		return choice{}
	}
	total := math.Inf(-1)
	for _, w := range words {
		total = logAdd(total, w.log)
	}
	posterior := math.Exp(words[0].log - total)
	c := choice{word: words[0].word, form: words[0].form, posterior: posterior}
	loss := free - words[0].log
	c.confidence = posterior * math.Exp(-max(loss, 0))
	c.accepted = posterior > minPosterior && loss < maxLoss
	for _, w := range words[1:min(len(words), 4)] {
		if p := math.Exp(w.log - total); p > 0.001 {
			c.others = append(c.others, Alternative{Text: w.word, Confidence: p})
		}
	}
	return c
}

// minVisible is how many letters and digits of a covered word must be seen.
const minVisible = 2

// completed is the one word of a list that has everything that can be seen of
// a partly covered one, in order; false when none or several have.
func completed(visible, list []string) (word string, ok bool) {
	if len(visible) < 2 {
		return "", false
	}
	parts, seen := make([]string, len(visible)), 0
	for i, v := range visible {
		parts[i] = strings.ToUpper(v)
		seen += len(strings.Trim(parts[i], beforeText+"()"))
	}
	first := strings.TrimLeft(parts[0], beforeText)
	if first == "" { // the colon may be what is covered
		parts[1] = strings.TrimLeft(parts[1], beforeText)
	}
	last := strings.TrimRight(parts[len(parts)-1], afterText)
	if seen < minVisible {
		return "", false
	}
	has := func(w string) bool {
		if !strings.HasPrefix(w, first) {
			return false
		}
		w = w[len(first):]
		for _, part := range parts[1 : len(parts)-1] {
			_, rest, found := strings.Cut(w, part)
			if !found {
				return false
			}
			w = rest
		}
		return strings.HasSuffix(w, last)
	}
	for _, w := range list {
		if !has(w) {
			continue
		}
		if ok {
			return "", false
		}
		word, ok = w, true
	}
	return word, ok
}

// underGlare is completed for a line that the glare map, and not the network,
// knows to be covered: its start or its end was read, perhaps with half a
// letter at the reflection's rim.
func underGlare(read string, list []string) (word string, ok bool) {
	const minRead = 4
	n := len(read)
	if n < minRead {
		return "", false
	}
	pieces := [][]string{{read, ""}, {"", read}}
	if n > minRead {
		pieces = append(pieces, []string{read[:n-1], ""}, []string{"", read[1:]})
	}
	for _, p := range pieces {
		if word, ok = completed(p, list); ok {
			return word, true
		}
	}
	return "", false
}

// afterColon lets a value follow the colon that a crop may have caught.
func afterColon(word string) []string { return []string{word, ":" + word, ": " + word} }

// logAdd is log(exp(a) + exp(b)).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
