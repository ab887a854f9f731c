package watchlist_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/watchlist"
)

// The entries of sdn, alt and comments in OFAC's XML formats, and others of
// invented persons in the shape of the published lists.
const (
	sdnXML = `<?xml version="1.0" standalone="yes"?>
<sdnList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://tempuri.org/sdnList.xsd">
<publshInformation><Publish_Date>03/14/2026</Publish_Date><Record_Count>4</Record_Count></publshInformation>
<sdnEntry><uid>101</uid><firstName>Wirandaka</firstName><lastName>SUKLENTANG</lastName><title>Chief of Nothing</title><sdnType>Individual</sdnType>
<remarks>(Linked To: GOSANDA TRADING CO., LTD.)</remarks><programList><program>SDGT</program><program>IRAQ2</program></programList>
<idList><id><uid>9</uid><idType>Passport</idType><idNumber>X1</idNumber></id><id><uid>8</uid><idType>Gender</idType><idNumber>Male</idNumber></id></idList>
<akaList><aka><uid>3</uid><type>a.k.a.</type><category>weak</category><lastName>SI BOTAK</lastName></aka>
<aka><uid>1</uid><type>a.k.a.</type><category>strong</category><lastName>ABUSTANI</lastName><firstName>Karmo</firstName></aka>
<aka><uid>4</uid><type>a.k.a.</type><category>weak</category><lastName>KUCING</lastName></aka></akaList>
<addressList><address><uid>5</uid><country>Nowhereland</country></address></addressList>
<nationalityList><nationality><uid>6</uid><country>Indonesia</country><mainEntry>true</mainEntry></nationality></nationalityList>
<dateOfBirthList><dateOfBirthItem><uid>7</uid><dateOfBirth>12 Mar 1965</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem>
<dateOfBirthItem><uid>8</uid><dateOfBirth>1966</dateOfBirth><mainEntry>false</mainEntry></dateOfBirthItem></dateOfBirthList>
<placeOfBirthList><placeOfBirthItem><placeOfBirth>Wonopringgo, Indonesia</placeOfBirth></placeOfBirthItem><placeOfBirthItem><placeOfBirth>Ambarketawang</placeOfBirth></placeOfBirthItem></placeOfBirthList>
</sdnEntry>
<sdnEntry><uid>102</uid><lastName>GOSANDA TRADING CO., LTD.</lastName><sdnType>Entity</sdnType><programList><program>CUBA</program></programList>
<addressList><address><uid>5</uid><address1>Street 1</address1><city>Havana</city><country>Cuba</country></address></addressList></sdnEntry>
<sdnEntry><uid>103</uid><lastName>KARMOLINO</lastName><sdnType>Vessel</sdnType><programList><program>IRAN</program></programList><vesselInfo><callSign>ABCD</callSign></vesselInfo></sdnEntry>
<sdnEntry><uid>104</uid><firstName>Zefri, Jr.</firstName><lastName>PRAKOLESTA</lastName><sdnType>Individual</sdnType><programList><program>SDNTK</program></programList></sdnEntry>
</sdnList>`

	advancedXML = `<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="https://example.org/ADVANCED_XML" Version="3"><DateOfIssue CalendarTypeID="1"><Year>2026</Year><Month>3</Month><Day>14</Day></DateOfIssue>
<ReferenceValueSets>
<CountryValues><Country ID="11">Indonesia</Country><Country ID="12">Cuba</Country></CountryValues>
<DetailReferenceValues><DetailReference ID="91">Male</DetailReference></DetailReferenceValues>
<FeatureTypeValues><FeatureType ID="8">Birthdate</FeatureType><FeatureType ID="9">Place of Birth</FeatureType><FeatureType ID="10">Nationality Country</FeatureType>
<FeatureType ID="25">Location</FeatureType><FeatureType ID="26">Title</FeatureType><FeatureType ID="224">Gender</FeatureType></FeatureTypeValues>
<NamePartTypeValues><NamePartType ID="1520">Last Name</NamePartType><NamePartType ID="1521">First Name</NamePartType><NamePartType ID="1525">Entity Name</NamePartType></NamePartTypeValues>
<PartySubTypeValues><PartySubType ID="1" PartyTypeID="4">Vessel</PartySubType><PartySubType ID="3" PartyTypeID="2">Unknown</PartySubType><PartySubType ID="4" PartyTypeID="1">Unknown</PartySubType></PartySubTypeValues>
<PartyTypeValues><PartyType ID="1">Individual</PartyType><PartyType ID="2">Entity</PartyType><PartyType ID="4">Transport</PartyType></PartyTypeValues>
</ReferenceValueSets>
<Locations><Location ID="71"><LocationCountry CountryID="11"/></Location><Location ID="72"><LocationPart LocPartTypeID="1"><LocationPartValue><Value>Havana</Value></LocationPartValue></LocationPart><LocationCountry CountryID="12"/></Location></Locations>
<DistinctParties>
<DistinctParty FixedRef="101"><Comment/><Profile ID="101" PartySubTypeID="4"><Identity ID="1" FixedRef="101" Primary="true">
<Alias AliasTypeID="1400" Primary="false" LowQuality="true"><DocumentedName ID="1"><DocumentedNamePart><NamePartValue NamePartGroupID="1">SI BOTAK</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
<Alias AliasTypeID="1400" Primary="false" LowQuality="false"><DocumentedName ID="2"><DocumentedNamePart><NamePartValue NamePartGroupID="1">ABUSTANI</NamePartValue></DocumentedNamePart><DocumentedNamePart><NamePartValue NamePartGroupID="2">Karmo</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
<Alias AliasTypeID="1403" Primary="true" LowQuality="false"><DocumentedName ID="3"><DocumentedNamePart><NamePartValue NamePartGroupID="1">SUKLENTANG</NamePartValue></DocumentedNamePart><DocumentedNamePart><NamePartValue NamePartGroupID="2">Wirandaka</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
<NamePartGroups><MasterNamePartGroup><NamePartGroup ID="1" NamePartTypeID="1520"/></MasterNamePartGroup><MasterNamePartGroup><NamePartGroup ID="2" NamePartTypeID="1521"/></MasterNamePartGroup></NamePartGroups></Identity>
<Feature ID="1" FeatureTypeID="8"><FeatureVersion ID="1"><DatePeriod><Start Approximate="false"><From><Year>1965</Year><Month>3</Month><Day>12</Day></From><To><Year>1965</Year><Month>3</Month><Day>12</Day></To></Start><End Approximate="false"><From><Year>1965</Year><Month>3</Month><Day>12</Day></From><To><Year>1965</Year><Month>3</Month><Day>12</Day></To></End></DatePeriod></FeatureVersion></Feature>
<Feature ID="2" FeatureTypeID="8"><FeatureVersion ID="2"><DatePeriod><Start Approximate="true"><From><Year>1966</Year><Month>1</Month><Day>1</Day></From><To><Year>1966</Year><Month>1</Month><Day>1</Day></To></Start><End Approximate="true"><From><Year>1966</Year><Month>12</Month><Day>31</Day></From><To><Year>1966</Year><Month>12</Month><Day>31</Day></To></End></DatePeriod></FeatureVersion></Feature>
<Feature ID="3" FeatureTypeID="8"><FeatureVersion ID="3"><DatePeriod><Start><From><Year>1970</Year><Month>1</Month><Day>1</Day></From></Start><End><To><Year>1972</Year><Month>12</Month><Day>31</Day></To></End></DatePeriod></FeatureVersion></Feature>
<Feature ID="4" FeatureTypeID="9"><FeatureVersion ID="4"><VersionDetail DetailTypeID="1432">Wonopringgo, Indonesia</VersionDetail></FeatureVersion></Feature>
<Feature ID="5" FeatureTypeID="10"><FeatureVersion ID="5"><VersionLocation LocationID="71"/></FeatureVersion></Feature>
<Feature ID="6" FeatureTypeID="224"><FeatureVersion ID="6"><VersionDetail DetailTypeID="1431" DetailReferenceID="91"/></FeatureVersion></Feature>
<Feature ID="7" FeatureTypeID="26"><FeatureVersion ID="7"><VersionDetail DetailTypeID="1432">Chief of Nothing</VersionDetail></FeatureVersion></Feature>
</Profile></DistinctParty>
<DistinctParty FixedRef="102"><Profile ID="202" PartySubTypeID="3"><Identity Primary="true"><Alias Primary="true"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="5">GOSANDA TRADING CO., LTD.</NamePartValue></DocumentedNamePart></DocumentedName></Alias></Identity>
<Feature FeatureTypeID="25"><FeatureVersion><VersionLocation LocationID="72"/></FeatureVersion></Feature></Profile></DistinctParty>
<DistinctParty FixedRef="103"><Profile ID="103" PartySubTypeID="1"><Identity Primary="true"><Alias Primary="true"><DocumentedName><DocumentedNamePart><NamePartValue>KARMOLINO</NamePartValue></DocumentedNamePart></DocumentedName></Alias></Identity></Profile></DistinctParty>
</DistinctParties>
<SanctionsEntries><SanctionsEntry ID="1" ProfileID="101" ListID="1550"><SanctionsMeasure ID="1" SanctionsTypeID="1"><Comment>SDGT</Comment></SanctionsMeasure><SanctionsMeasure ID="2"><Comment>IRAQ2</Comment></SanctionsMeasure><SanctionsMeasure ID="3"><Comment/></SanctionsMeasure></SanctionsEntry>
<SanctionsEntry ID="2" ProfileID="202"><SanctionsMeasure><Comment>CUBA</Comment></SanctionsMeasure></SanctionsEntry><SanctionsEntry ProfileID="103"><SanctionsMeasure><Comment>IRAN</Comment></SanctionsMeasure></SanctionsEntry><SanctionsEntry ProfileID="999"/></SanctionsEntries></Sanctions>`

	eu = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-02-03T16:47:04.449+01:00" globalFileId="1">
<sanctionEntity designationDetails="" unitedNationId="" euReferenceNumber="EU.1.11" logicalId="13"><remark>Nothing
known.</remark><regulation regulationType="regulation" publicationDate="2026-01-02" numberTitle="1/2026" programme="TAQA" logicalId="3"><publicationUrl>https://example.org/1-2026</publicationUrl></regulation>
<subjectType code="person" classificationCode="P"/>
<nameAlias firstName="" middleName="" lastName="" wholeName="Si Botak" function="" gender="" strong="false" logicalId="17"><regulationSummary/></nameAlias>
<nameAlias firstName="Wirandaka" middleName="" lastName="Suklentang" wholeName="Wirandaka Suklentang" function="Clerk" gender="M" nameLanguage="" strong="true" logicalId="18"/>
<nameAlias firstName="Karmo" middleName="T." lastName="Abustani" wholeName="" function="" gender="" nameLanguage="FR" strong="true" logicalId="19"/>
<citizenship countryIso2Code="ID" countryDescription="INDONESIA"/><citizenship countryIso2Code="00" countryDescription="UNKNOWN"/>
<birthdate circa="false" calendarType="GREGORIAN" city="Wonopringgo" region="Central Java" place="" birthdate="1965-03-12" dayOfMonth="12" monthOfYear="3" year="1965" countryIso2Code="ID" countryDescription="INDONESIA"/>
<birthdate circa="true" calendarType="GREGORIAN" city="" year="1966" countryIso2Code="00" countryDescription="UNKNOWN"/>
<birthdate circa="true" calendarType="GREGORIAN" yearRangeFrom="1953" yearRangeTo="1958" countryIso2Code="ID" countryDescription="INDONESIA"/>
<birthdate circa="false" calendarType="GREGORIAN" monthOfYear="8" year="1961"/>
<birthdate circa="false" calendarType="GREGORIAN" yearRangeTo="1980"/>
<birthdate circa="false" calendarType="ISLAMIC" year="1385"/>
<address city="Nowhere" countryIso2Code="MY" countryDescription="MALAYSIA"/></sanctionEntity>
<sanctionEntity logicalId="14"><subjectType code="enterprise"/><nameAlias wholeName="Gosanda Trading" strong="true"/><address countryDescription="CUBA" countryIso2Code="CU"/></sanctionEntity></export>`

	simple = `id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,program_ids,dataset,first_seen,last_seen,last_change
"Q1","Person","Wirandaka Suklentang","Karmo Abustani;Si Botak","1965-03-12;1966;soon","id;my","Street 1","X1","","","","","Made Up;Other","2024-01-01","2026-01-01","2025-01-01"
"NK-2","Company","Gosanda","","","cu","","","Some Regulation","","","EU-TEST","Made Up","2024-01-01","2026-01-01","2025-01-01"
"NK-3","CryptoWallet","0x0","","","","","","","","","","Made Up","2024-01-01","2026-01-01","2025-01-01"
`
)

// TestOFACXML: the XML formats say of the same entries what the CSV files say.
func TestOFACXML(t *testing.T) {
	fromCSV, _ := parse(t, file("sdn.csv", sdn), file("alt.csv", alt), file("add.csv", add), file("c.csv", comments))
	for name, data := range map[string]string{"sdn.xml": sdnXML, "sdn_advanced.xml": advancedXML} {
		lists, report := parse(t, file(name, data))
		if len(lists) != 1 || lists[0].Name != fromCSV[0].Name || lists[0].Version != "2026-03-14" {
			t.Fatalf("%s: %+v", name, report)
		}
		for i, e := range lists[0].Entities {
			want := fromCSV[0].Entities[i]
			same(t, name+" id", []any{e.ID, e.Schema, e.URL, e.Datasets}, []any{want.ID, want.Schema, want.URL, want.Datasets})
			same(t, name+" programs of "+e.ID, []any{e.Programs, e.Topics}, []any{want.Programs, want.Topics})
			same(t, name+" countries of "+e.ID, e.Countries, want.Countries)
			same(t, name+" name of "+e.ID, e.Names[0], want.Names[0])
			same(t, name+" positions of "+e.ID, e.Positions, append([]string{}, want.Positions...))
		}
	}
	lists, report := parse(t, file("sdn.xml", sdnXML))
	e, want := lists[0].Entities[0], fromCSV[0].Entities[0]
	same(t, "names", e.Names, want.Names)
	same(t, "dates", e.BirthDates, want.BirthDates)
	same(t, "places", e.Places, want.Places)
	same(t, "gender", e.Gender, want.Gender)
	same(t, "warnings", report.Lists[0].Warnings, []string(nil))
	lists, report = parse(t, file("sdn_advanced.xml", advancedXML))
	e = lists[0].Entities[0]
	same(t, "advanced names", e.Names, []screening.Name{{Text: "Wirandaka SUKLENTANG", Kind: screening.Primary}, {Text: "Karmo ABUSTANI", Kind: screening.Alias}, {Text: "SI BOTAK", Kind: screening.Weak}})
	same(t, "advanced dates", dates(e), []string{"1965-03-12", "~1966", "1970..1972"})
	same(t, "advanced places", e.Places, []string{"Wonopringgo, Indonesia"})
	same(t, "advanced gender", e.Gender, screening.Male)
	same(t, "advanced skipped", report.Lists[0].Skipped, map[string]int{"programmes of an unknown entry": 1})
	short := strings.Replace(sdnXML, "<Record_Count>4<", "<Record_Count>5<", 1)
	if _, _, err := watchlist.Parse(t.Context(), []watchlist.File{file("sdn.xml", short)}, watchlist.Options{}); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "5 records and has 4") {
		t.Errorf("a record is missing: %v", err)
	}
	_, report, err := watchlist.Parse(t.Context(), []watchlist.File{file("sdn.xml", short)}, watchlist.Options{Force: true})
	if err != nil {
		t.Fatal(err)
	}
	if w := report.Lists[0].Warnings; len(w) != 1 || !strings.Contains(w[0], "5 records") {
		t.Errorf("a record is missing: %q", w)
	}
}

func TestEU(t *testing.T) {
	lists, report := parse(t, file("20260203-FULL-1_1.xml", eu))
	if len(lists) != 1 || lists[0].Name != "eu_fsf" || lists[0].Version != "2026-02-03T16:47:04.449+01:00" || len(lists[0].Entities) != 2 {
		t.Fatalf("%+v", report)
	}
	e := lists[0].Entities[0]
	same(t, "id", []any{e.ID, e.Schema, e.Gender, e.URL, e.Remarks}, []any{"EU.1.11", screening.Person, screening.Male, "https://example.org/1-2026", "Nothing known."})
	same(t, "names", e.Names, []screening.Name{{Text: "Wirandaka Suklentang", Kind: screening.Primary},
		{Text: "Karmo T. Abustani", Kind: screening.Alias}, {Text: "Si Botak", Kind: screening.Weak}})
	same(t, "dates", dates(e), []string{"1965-03-12", "~1966", "~1953..1958", "1961-08"})
	same(t, "places", e.Places, []string{"Wonopringgo, Central Java, INDONESIA", "INDONESIA"})
	same(t, "countries", e.Countries, []string{"INDONESIA"})
	same(t, "positions", e.Positions, []string{"Clerk"})
	same(t, "topics", [][]string{e.Topics, e.Programs}, [][]string{{"sanction", "crime.terror"}, {"TAQA"}})
	o := lists[0].Entities[1]
	same(t, "organization", []any{o.ID, o.Schema, o.Countries}, []any{"EU-14", screening.Organization, []string{"CUBA"}})
	if w := report.Lists[0].Warnings; len(w) != 1 || !strings.Contains(w[0], "date of birth") {
		t.Errorf("warnings %q", w)
	}
}

func TestOpenSanctionsSimple(t *testing.T) {
	lists, report, err := watchlist.Parse(context.Background(), []watchlist.File{file("x.csv", simple)}, watchlist.Options{Name: "opensanctions_peps"})
	if err != nil || len(lists[0].Entities) != 2 || lists[0].Name != "opensanctions_peps" {
		t.Fatalf("%+v, %v", report, err)
	}
	e := lists[0].Entities[0]
	same(t, "names", e.Names, []screening.Name{{Text: "Wirandaka Suklentang", Kind: screening.Primary}, {Text: "Karmo Abustani", Kind: screening.Alias}, {Text: "Si Botak", Kind: screening.Alias}})
	same(t, "facts", []any{e.ID, dates(e), e.Countries, e.Topics, e.Datasets, e.URL}, []any{"Q1", []string{"1965-03-12", "1966"}, []string{"id", "my"},
		[]string{"role.pep"}, []string{"Made Up", "Other"}, "https://www.opensanctions.org/entities/Q1/"})
	o := lists[0].Entities[1]
	same(t, "company", []any{o.Schema, o.Topics, o.Programs, o.Remarks}, []any{screening.Organization, []string{"sanction"}, []string{"EU-TEST"}, "Some Regulation"})
	same(t, "skipped", report.Lists[0].Skipped, map[string]int{"schema CryptoWallet": 1})
	// Columns in another order, some missing, some new.
	other := "name,topics,id,dataset,schema,shoe_size,birth_date\nKarmo,crime,Q2,,Person,43,\n"
	lists, _ = parse(t, file("targets.simple.csv", other))
	same(t, "other columns", []any{lists[0].Name, lists[0].Entities[0].ID, lists[0].Entities[0].Topics, lists[0].Entities[0].Datasets},
		[]any{"opensanctions", "Q2", []string{"crime"}, []string{"opensanctions"}})
}

func TestBrokenFormats(t *testing.T) {
	for _, c := range []struct {
		what  string
		files []watchlist.File
		kind  fault.Kind
		says  string
	}{
		{"cut SDN.XML", []watchlist.File{file("s.xml", sdnXML[:len(sdnXML)-200])}, fault.Invalid, "ends too early"},
		{"SDN.XML without a number", []watchlist.File{file("s.xml", strings.Replace(sdnXML, "<uid>102<", "<uid>Rahasia<", 1))}, fault.Invalid, "line 1"},
		{"cut advanced XML", []watchlist.File{file("s.xml", advancedXML[:len(advancedXML)-20])}, fault.Invalid, "ends too early"},
		{"cut EU", []watchlist.File{file("s.xml", eu[:len(eu)-9])}, fault.Invalid, "ends too early"},
		{"EU of a foreign alphabet", []watchlist.File{file("s.xml", strings.Replace(eu, "UTF-8", "EBCDIC", 1))}, fault.Invalid, "not in UTF-8"},
		{"another export", []watchlist.File{file("s.xml", "<export><Rahasia/></export>")}, fault.Invalid, "no entry"},
		{"two roots", []watchlist.File{file("s.xml", eu+"<export/>")}, fault.Invalid, "not a export document"},
		{"attributes without end", []watchlist.File{file("s.xml", "<export><x "+strings.Repeat(`Rahasia="1" `, 500_000)+"/>")}, fault.Invalid, "longer than"},
		{"deep within an entry", []watchlist.File{file("s.xml", "<export><sanctionEntity>"+strings.Repeat("<Rahasia>", 100_000))}, fault.Invalid, "line 1"},
		{"endless line", []watchlist.File{file("s.csv", "id,schema,name,birth_date,dataset\n1,Person,"+strings.Repeat("Rahasia", 300_000))}, fault.Invalid, "longer than"},
		{"endless header", []watchlist.File{file("s.csv", "id,schema,name,birth_date,dataset,"+strings.Repeat("Rahasia,", 300_000))}, fault.Unsupported, ""},
		{"simple CSV, short record", []watchlist.File{file("s.csv", strings.SplitAfter(simple, "\n")[0]+"Rahasia,Person\n")}, fault.Invalid, "line 2"},
		{"one list twice", []watchlist.File{file("a.xml", sdnXML), file("b.xml", advancedXML)}, fault.Invalid, "the same list"},
	} {
		lists, _, err := watchlist.Parse(context.Background(), c.files, watchlist.Options{})
		if err == nil || lists != nil {
			t.Errorf("%s: %d lists, no error", c.what, len(lists))
			continue
		}
		if !fault.Is(err, c.kind) && c.says != "" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		}
		if strings.Contains(err.Error(), "Rahasia") || strings.Contains(err.Error(), "SUKLENTANG") {
			t.Errorf("%s: the message repeats what the file says: %v", c.what, err)
		}
	}
}

func FuzzOFACXML(f *testing.F)      { fuzz(f, sdnXML) }
func FuzzOFACAdvanced(f *testing.F) { fuzz(f, advancedXML) }
func FuzzEU(f *testing.F)           { fuzz(f, eu) }
func FuzzOpenSanctions(f *testing.F) {
	fuzz(f, simple)
}

// TestManyValues: an entry that lists too much is cut, not worked on for long.
func TestManyValues(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<export><sanctionEntity logicalId="1"><subjectType code="person"/><nameAlias wholeName="Wirandaka"/>`)
	for i := range 20_000 {
		fmt.Fprintf(&b, `<citizenship countryDescription="C%d"/><birthdate birthdate="19%02d-%02d-%02d" city="B%d"/><nameAlias wholeName="N%d"/>`, i, i/360%100, i/30%12+1, i%28+1, i, i)
	}
	b.WriteString("</sanctionEntity></export>")
	started := time.Now()
	lists, _ := parse(t, file("eu.xml", b.String()))
	e := lists[0].Entities[0]
	same(t, "kept", []int{len(e.Names), len(e.Countries), len(e.Places), len(e.BirthDates)}, []int{500, 500, 500, 50})
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}
