package specimen

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Person is an invented card holder. Every text is as printed on the card, in
// capitals; dates are DD-MM-YYYY.
type Person struct {
	NIK           string // 16 digits, agrees with BirthDate and Gender
	Name          string
	BirthPlace    string
	BirthDate     string
	Gender        string // LAKI-LAKI or PEREMPUAN
	BloodType     string // "-" when not known
	Address       string
	RTRW          string // "003/007"
	Village       string
	District      string
	Religion      string
	MaritalStatus string
	Occupation    string
	Citizenship   string // WNI
	ValidUntil    string // SEUMUR HIDUP
	Province      string // without PROVINSI
	Regency       string // the second line of the header, with KOTA or KABUPATEN
	IssuePlace    string
	IssueDate     string
	Identity      Identity // whose face is on the card
}

// Output is what a reader should make of the card: the keys of the ktp output
// of a verification, dates as YYYY-MM-DD.
func (p Person) Output() map[string]string {
	return map[string]string{
		"nik": p.NIK, "name": p.Name,
		"birth_place": p.BirthPlace, "birth_date": iso(p.BirthDate),
		"gender": p.Gender, "blood_type": p.BloodType,
		"address": p.Address, "rt_rw": p.RTRW, "village": p.Village, "district": p.District,
		"religion": p.Religion, "marital_status": p.MaritalStatus, "occupation": p.Occupation,
		"nationality": p.Citizenship, "valid_until": p.ValidUntil,
		"province": p.Province, "regency": p.Regency,
		"issue_place": p.IssuePlace, "issue_date": iso(p.IssueDate),
	}
}

func iso(printed string) string { return printed[6:] + "-" + printed[3:5] + "-" + printed[:2] }

// region is a district with its official code (Permendagri 58/2021) and three
// of its villages.
type region struct {
	code, province, regency, issuer, district string
	villages                                  [3]string
}

var regions = []region{
	{"317408", "DKI JAKARTA", "KOTA JAKARTA SELATAN", "JAKARTA SELATAN", "PANCORAN", [3]string{"PANCORAN", "DUREN TIGA", "CIKOKO"}},
	{"327302", "JAWA BARAT", "KOTA BANDUNG", "KOTA BANDUNG", "COBLONG", [3]string{"DAGO", "CIPAGANTI", "LEBAK GEDE"}},
	{"340406", "DAERAH ISTIMEWA YOGYAKARTA", "KABUPATEN SLEMAN", "SLEMAN", "MLATI", [3]string{"TIRTOADI", "SUMBERADI", "SINDUADI"}},
	{"357808", "JAWA TIMUR", "KOTA SURABAYA", "KOTA SURABAYA", "GUBENG", [3]string{"GUBENG", "KERTAJAYA", "BARATAJAYA"}},
	{"517101", "BALI", "KOTA DENPASAR", "KOTA DENPASAR", "DENPASAR SELATAN", [3]string{"SANUR", "RENON", "PANJER"}},
	{"127103", "SUMATERA UTARA", "KOTA MEDAN", "KOTA MEDAN", "MEDAN HELVETIA", [3]string{"HELVETIA", "DWI KORA", "TANJUNG GUSTA"}},
	{"737114", "SULAWESI SELATAN", "KOTA MAKASSAR", "MAKASSAR", "TAMALANREA", [3]string{"TAMALANREA", "KAPASA", "BIRA"}},
	{"337411", "JAWA TENGAH", "KOTA SEMARANG", "KOTA SEMARANG", "BANYUMANIK", [3]string{"PEDALANGAN", "PADANGSARI", "SRONDOL KULON"}},
}

var (
	maleNames   = []string{"BUDI", "AGUS", "RANGGA", "DIMAS", "HENDRA", "BAYU", "ARIF", "JOKO", "FAJAR", "WAHYU", "GILANG", "RIZAL"}
	femaleNames = []string{"SITI", "DEWI", "RATNA", "INDAH", "WULAN", "PUTRI", "SRI", "MAYA", "LESTARI", "AYU", "KARTIKA", "NURUL"}
	lastNames   = []string{"SANTOSO", "WIDODO", "PRATAMA", "HARTONO", "KUSUMA", "SAPUTRA", "NUGROHO", "WIJAYA", "RAHAYU", "PERMATA", "MAHARANI", "UTAMI"}
	thirdNames  = []string{"KURNIAWAN", "PURNOMO", "SURYANINGSIH", "ANGGRAENI"}
	birthPlaces = []string{"JAKARTA", "BANDUNG", "SLEMAN", "SURABAYA", "DENPASAR", "MEDAN", "MAKASSAR", "SEMARANG", "PADANG", "KEDIRI"}
	streets     = []string{"MELATI", "KENANGA", "MAWAR", "ANGGREK", "CEMPAKA", "FLAMBOYAN", "DAHLIA", "TERATAI"}
	religions   = []string{"ISLAM", "KRISTEN", "KATOLIK", "HINDU", "BUDHA", "KONGHUCU"}
	marriages   = []string{"BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI"}
	jobs        = []string{"KARYAWAN SWASTA", "WIRASWASTA", "PELAJAR/MAHASISWA", "GURU", "PETANI/PEKEBUN", "PEDAGANG", "BURUH HARIAN LEPAS", "MENGURUS RUMAH TANGGA"}
	bloodTypes  = []string{"A", "B", "AB", "O", "-"}
)

// People invents n card holders. The region codes are real, the people are
// not: serials are 0500..9999, above what the registry hands out in practice.
func People(n int, seed uint64) []Person {
	r := rand.New(rand.NewPCG(seed, 0x4b5450))
	people := make([]Person, n)
	for i := range people {
		people[i] = invent(r, Identity((int(seed%identities)+i)%identities))
	}
	return people
}

func invent(r *rand.Rand, face Identity) Person {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	at := regions[r.IntN(len(regions))]
	born := time.Date(1962+r.IntN(42), time.January, 1+r.IntN(365), 0, 0, 0, 0, time.UTC)
	issued := time.Date(2013+r.IntN(11), time.January, 1+r.IntN(365), 0, 0, 0, 0, time.UTC)
	if adult := born.AddDate(17, 0, 30); issued.Before(adult) {
		issued = adult
	}

	gender, first, codedDay := "LAKI-LAKI", maleNames, born.Day()
	if face.Female() {
		gender, first, codedDay = "PEREMPUAN", femaleNames, born.Day()+40
	}
	name := pick(first) + " " + pick(lastNames)
	if r.IntN(3) == 0 {
		name += " " + pick(thirdNames)
	}
	address := fmt.Sprintf("JL. %s NO. %d", pick(streets), 1+r.IntN(120))
	if r.IntN(3) == 0 {
		address = fmt.Sprintf("KOMPLEK GRIYA %s BLOK %c NO. %d", pick(streets), 'A'+rune(r.IntN(8)), 1+r.IntN(40))
	}
	religion := pick(religions)
	if faces[face].hair == hijab {
		religion = "ISLAM"
	}
	return Person{
		NIK:           fmt.Sprintf("%s%02d%s%04d", at.code, codedDay, born.Format("0106"), 500+r.IntN(9500)),
		Name:          name,
		BirthPlace:    pick(birthPlaces),
		BirthDate:     born.Format("02-01-2006"),
		Gender:        gender,
		BloodType:     pick(bloodTypes),
		Address:       address,
		RTRW:          fmt.Sprintf("%03d/%03d", 1+r.IntN(15), 1+r.IntN(12)),
		Village:       at.villages[r.IntN(len(at.villages))],
		District:      at.district,
		Religion:      religion,
		MaritalStatus: pick(marriages),
		Occupation:    pick(jobs),
		Citizenship:   "WNI",
		ValidUntil:    "SEUMUR HIDUP",
		Province:      at.province,
		Regency:       at.regency,
		IssuePlace:    at.issuer,
		IssueDate:     issued.Format("02-01-2006"),
		Identity:      face,
	}
}
