package ktp

// Field names a value of the card as the output calls it.
type Field string

// The fields in the order of the output.
const (
	NIK           Field = "nik"
	Name          Field = "name"
	BirthPlace    Field = "birth_place"
	BirthDate     Field = "birth_date"
	Gender        Field = "gender"
	BloodType     Field = "blood_type"
	Address       Field = "address"
	RTRW          Field = "rt_rw"
	Village       Field = "village"
	District      Field = "district"
	Religion      Field = "religion"
	MaritalStatus Field = "marital_status"
	Occupation    Field = "occupation"
	Nationality   Field = "nationality"
	ValidUntil    Field = "valid_until"
	Province      Field = "province"
	Regency       Field = "regency"
	IssuePlace    Field = "issue_place"
	IssueDate     Field = "issue_date"
)

// Fields lists all fields in the order of the output.
var Fields = []Field{NIK, Name, BirthPlace, BirthDate, Gender, BloodType, Address, RTRW, Village, District,
	Religion, MaritalStatus, Occupation, Nationality, ValidUntil, Province, Regency, IssuePlace, IssueDate}
