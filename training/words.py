"""What is printed on a KTP, made up: the texts of the training lines.

Provinces and regencies come from the reader's own table; everything else is
written here. Half of all words are random, so that the recogniser learns
letters and not a lexicon.
"""

import csv
import pathlib

REGIONS = pathlib.Path(__file__).parent.parent / "internal" / "ktp" / "regions.csv"

# Digits and letters, then every other character that names and addresses are
# printed with. HIDDEN is one run of print that cannot be seen.
HIDDEN = "\u25af"
CHARACTERS = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz .,-/':()+&"
    '"#*;@_' + HIDDEN
)

NAMES = """
ABDUL ABDULLAH ACHMAD ADE ADI ADITYA AGNES AGUS AGUSTINA AHMAD AI AINI AISYAH AJENG AKBAR ALAMSYAH ALDI ALFIAN ALI
AMALIA AMIN AMINAH AMIR ANANDA ANDI ANDRI ANGGA ANGGRAINI ANI ANISA ANITA ANTON ANWAR APRILIA ARDIANSYAH ARI ARIEF
ARIF ARIFIN ARYA ASEP ASIH ASRI ASTUTI ASWAR ATIKAH AYU AZIS BAGUS BAKTI BAMBANG BASRI BASUKI BAYU BENI BERNADETA
BUDI BUDIMAN BUDIONO BUTET CAHYA CAHYONO CANDRA CATUR CECEP CHAIRUL CHRISTINA CICI CITRA DADANG DAHLAN DANI DARMAWAN
DARSONO DAVID DEDE DEDI DENI DESI DEWA DEWI DHARMA DIAH DIAN DIMAS DINA DJOKO DODI DONI DWI EDI EKA EKO ELI ELISABET
ELLY ENDAH ENDANG ENI ERNA ERNI ERNAWATI ESTER EVA FADLI FAHMI FAISAL FAJAR FARIDA FATIMAH FATMA FEBRI FERDI FERI
FIRMAN FITRI FITRIANI FRANSISKA FRANSISKUS GALIH GALUH GEDE GINTING GITA GUNARTO GUNAWAN GUSTI HADI HADIYANTO HAKIM
HALIMAH HAMID HAMZAH HANDAYANI HANI HARAHAP HARDI HARI HARIANTO HARTATI HARTINI HARTONO HARYANTO HASAN HASANAH HASTUTI
HENDRA HENI HERI HERLINA HERMAN HERMAWAN HIDAYAT HIDAYATI HUSEIN HUTAPEA IBRAHIM IDA IDRIS IKA IKHSAN ILHAM IMAM IMRAN
INA INDAH INDRA INDRAWATI INTAN IQBAL IRA IRAWAN IRFAN IRMA IRMAWATI ISKANDAR ISMAIL ISNAINI IVAN IWAN JAMAL JAMILAH
JAYA JAYANTI JOKO JONI JUMIATI JUNAIDI KADEK KARTIKA KARTINI KASIM KETUT KHAIRUL KHASANAH KOMANG KRISNA KRISTIANI
KUMALASARI KURNIA KURNIAWAN KUSUMA LAILA LASTRI LATIF LENI LESTARI LIA LIDIA LILIS LIM LINA LISTIANI LUBIS LUKMAN
LUTFI MADE MAHARANI MAHENDRA MAHMUD MAIMUNAH MALIK MANURUNG MARDIANA MARGARETA MARIA MARIANI MARLINA MARTHA MARYAM
MASITOH MAULANA MAWARNI MAYA MEGA MEGAWATI MEI MELATI MIRA MOCHAMAD MOH MUHAMAD MUHAMMAD MUJIONO MULYADI MULYANA
MULYANI MULYONO MUNAWAROH MURNI MURSID MURTINI MUSTAFA MUTIARA NADIA NANANG NANI NASUTION NENENG NGATINAH NI NIA NINING
NITA NOVI NOVITA NUGRAHA NUGROHO NUR NURAINI NURDIN NURHAYATI NURJANAH NURLAELA NURUL NYOMAN OKTAVIA PAIJO PANJAITAN
PERMANA PERMATA PONIMAN PRABOWO PRASETYO PRATAMA PRATIWI PRIHATIN PRIYANTO PURNAMA PURNOMO PURWANTI PURWANTO PUSPITA
PUTRA PUTRI PUTU QOMARIAH RACHMAN RAHAYU RAHMAN RAHMAT RAHMAWATI RAMADHAN RAMLI RANGKUTI RATNA RATNASARI RATU REZA
RIA RIDWAN RIKA RINA RINI RISKA RISMA RITA RIYANTO RIZAL RIZKI ROBERT ROHANI ROHMAN ROMLI RONI ROSDIANA ROSITA ROSMAWATI
ROY RUDI RUKMANA RUSDI RUSLAN SAFITRI SAHARA SAID SAIFUL SALIM SAMSUL SANTI SANTOSO SAPUTRA SAPUTRI SARASWATI SARI
SARTIKA SARWONO SATRIA SETIAWAN SETIAWATI SETYO SIAHAAN SIDIK SIHOMBING SILVIA SIMANJUNTAK SINAGA SINTA SISWANTO SITI
SITOMPUL SITORUS SLAMET SOFYAN SOLEH SONYA SRI STEFANUS SUBAGYO SUDARMAN SUDIRMAN SUGENG SUGIARTO SUGIYONO SUHARTI
SUHARTONO SUHERMAN SUKARNO SUKMA SUKMAWATI SULAIMAN SULASTRI SULISTYO SUMARNI SUMIATI SUNARTI SUNARYO SUPARMAN SUPRAPTO
SUPRIADI SUPRIYANTO SURYA SURYANI SURYANTO SUSANTI SUSANTO SUSI SUSILAWATI SUSILO SUTARMAN SUTRISNO SUWARNI SUYANTO
SYAFRUDDIN SYAHPUTRA SYAHRUL SYAMSUDDIN SYARIF SYARIFAH TAN TANJUNG TARIGAN TATI TAUFIK TEDI TEGUH THERESIA TIKA TINI
TITIK TOMI TONI TRI TRIANA TUMINI TUTI TUTIK UDIN UMAR UMI UNTUNG USMAN UTAMI UTOMO VERA VERONIKA VINA VIVI WAGIMAN
WAHID WAHYU WAHYUDI WAHYUNI WAHYUNINGSIH WALUYO WARDANI WARDOYO WARSITO WATI WAWAN WAYAN WIBOWO WIDIASTUTI WIDODO
WIDYA WIJAYA WIJAYANTI WINARNI WINARTI WIRA WIWIK WULAN WULANDARI YANA YANI YANTI YANTO YATI YENI YOGA YOHANES YOSEF
YUDI YULI YULIA YULIANA YULIANI YULIANTI YUNI YUNITA YUNUS YUSUF ZAENAL ZAHRA ZAINAB ZAINAL ZAINUDDIN ZULFIKAR ZULKIFLI
""".split()

TITLES_BEFORE = ["H.", "HJ.", "DRS.", "DR.", "IR.", "DRA.", "PROF.", "R.", "RR.", "NY.", "TN.", "H", "HJ", "DRS", "IR"]
TITLES_AFTER = [
    "S.T.", "S.E.", "S.H.", "S.PD.", "S.KOM.", "S.SOS.", "M.M.", "M.T.", "M.SI.", "M.PD.", "S.AG.", "S.KEP.", "S.FARM.", "S.IP.",
    "A.MD.", "ST", "SE", "SH", "S.PD", "MM", "M.KOM", "S.KED", "PH.D", "M.SC", "LC.", "S.PD.I",
]

PLACES = """
SUKA MAJU JAYA MEKAR SARI TANJUNG BARU LAMA KARANG ANYAR PONDOK KELAPA GADING CEMPAKA PUTIH DUREN SAWIT PASAR MINGGU
REBO KEBON JERUK KACANG SIRIH BANTENG MANGGIS MENTENG ATAS DALAM TENGAH TIMUR BARAT SELATAN UTARA KIDUL LOR WETAN KULON
BATU AMPAR SARI CIPTA INDAH ASRI PERMAI RAYA KENCANA MULYA MULYO REJO HARJO DADI SUMBER AGUNG REJEKI ARUM WARU BANYU
URIP MANIK GUNUNG SARI BUKIT LAWANG PULAU PINANG SUNGAI PENUH LIMAU MANIS TELUK DALAM MUARA ENIM RAWA BUNGA BUAYA KALI
DERES ANGKE PAKIS CIBEUREUM CIKARANG CIMAHI CILANDAK CIPINANG CISALAK CIKUPA CIBINONG CITEUREUP CILEUNGSI PAMULANG
SERPONG CIPUTAT BINTARO JATI ASIH NEGARA SAMPURNA WARINGIN BENING PADANG BULAN LAWEH KOTO GADANG NAGARI UJUNG TANAH
PANDAN WANGI LOWOK WARU KLOJEN SUKUN BLIMBING GUBENG RUNGKUT TENGGILIS WONO KROMO COLO SAWAHAN GENTENG SEMAMPIR
KENJERAN TAMBAK SARI DUKUH PAKIS BULAK KOTAGEDE PURBAYAN GONDOKUSUMAN MERGANGSAN UMBULHARJO DANUREJAN KRATON BALE ENDAH
DAYEUH KOLOT BOJONG SOANG LENGKONG REGOL ANDIR SUKAJADI COBLONG ANTAPANI RANCA EKEK MARGA ASIH HAYU PARONG PONG
KEMBANGAN KALIDERES TAMBORA PALMERAH GROGOL PENJARINGAN PADEMANGAN KOJA CILINCING MATRAMAN JATINEGARA PULO GEBANG
""".split()

STREETS = """
MERDEKA SUDIRMAN DIPONEGORO AHMAD YANI GAJAH MADA HAYAM WURUK PAHLAWAN VETERAN PEMUDA KARTINI IMAM BONJOL PATTIMURA
MAWAR MELATI ANGGREK KENANGA FLAMBOYAN CEMARA BERINGIN DAHLIA TERATAI BOUGENVILLE SAKURA NUSANTARA PANCASILA GARUDA
RAJAWALI MERPATI CENDRAWASIH KUTILANG ELANG MANGGA RAMBUTAN DURIAN NANGKA SIRSAK SALAK PEPAYA SEMANGKA TEUKU UMAR
HASANUDDIN SISINGAMANGARAJA CUT NYAK DIEN OTO ISKANDARDINATA DEWI SARTIKA GATOT SUBROTO S. PARMAN M.T. HARYONO
LETJEN SUPRAPTO JENDERAL URIP SUMOHARJO K.H. WAHID HASYIM H. AGUS SALIM PROF. DR. HAMKA RAYA BOGOR INDUSTRI STASIUN
SEKOLAH PASAR MASJID GEREJA PELABUHAN BANDARA LINGKAR TEMBUS BYPASS PROKLAMASI KEMERDEKAAN BHAYANGKARA PERINTIS
""".split()

OCCUPATIONS = """BELUM/TIDAK BEKERJA|MENGURUS RUMAH TANGGA|PELAJAR/MAHASISWA|PENSIUNAN|PEGAWAI NEGERI SIPIL (PNS)|PEGAWAI NEGERI SIPIL
TENTARA NASIONAL INDONESIA (TNI)|KEPOLISIAN RI (POLRI)|PERDAGANGAN|PETANI/PEKEBUN|PETERNAK|NELAYAN/PERIKANAN|INDUSTRI|KONSTRUKSI|TRANSPORTASI
KARYAWAN SWASTA|KARYAWAN BUMN|KARYAWAN BUMD|KARYAWAN HONORER|BURUH HARIAN LEPAS|BURUH TANI/PERKEBUNAN|BURUH NELAYAN/PERIKANAN
BURUH PETERNAKAN|PEMBANTU RUMAH TANGGA|TUKANG CUKUR|TUKANG LISTRIK|TUKANG BATU|TUKANG KAYU|TUKANG SOL SEPATU|TUKANG LAS/PANDAI BESI
TUKANG JAHIT|PENATA RAMBUT|PENATA RIAS|PENATA BUSANA|MEKANIK|SENIMAN|TABIB|PARAJI|PERANCANG BUSANA|PENTERJEMAH|IMAM MASJID|PENDETA|PASTOR
WARTAWAN|USTADZ/MUBALIGH|JURU MASAK|PROMOTOR ACARA|ANGGOTA DPR-RI|ANGGOTA DPD|ANGGOTA BPK|PRESIDEN|WAKIL PRESIDEN|GUBERNUR|BUPATI|WALIKOTA
DOSEN|GURU|PILOT|PENGACARA|NOTARIS|ARSITEK|AKUNTAN|KONSULTAN|DOKTER|BIDAN|PERAWAT|APOTEKER|PSIKIATER/PSIKOLOG|PENYIAR TELEVISI|PENYIAR RADIO
PELAUT|PENELITI|SOPIR|PIALANG|PARANORMAL|PEDAGANG|PERANGKAT DESA|KEPALA DESA|BIARAWATI|WIRASWASTA|LAINNYA""".replace("\n", "|").split("|")

RELIGIONS = ["ISLAM", "KRISTEN", "KATHOLIK", "KATOLIK", "HINDU", "BUDHA", "KONGHUCHU", "KEPERCAYAAN TERHADAP TUHAN YME"]
MARITAL = ["BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI", "KAWIN TERCATAT", "KAWIN BELUM TERCATAT"]
LABELS = [
    "NIK", "Nama", "Tempat/Tgl Lahir", "Jenis Kelamin", "Jenis kelamin", "Gol. Darah :", "Alamat", "RT/RW", "Kel/Desa", "Kecamatan",
    "Agama", "Status Perkawinan", "Status Perkawinan:", "Pekerjaan", "Kewarganegaraan", "Kewarganegaraan:", "Berlaku Hingga",
    "PROVINSI", "KABUPATEN", "Gol.Darah",
]
SYLLABLES = [c + v for c in "B C D F G H J K L M N P R S T W Y NG NY SY KH".split() for v in "AIUEO"] + list("AIUEO")
CODAS = ["", "", "", "", "N", "NG", "R", "S", "T", "H", "M", "K", "L", "P"]
CONFUSED = ["0O", "1I", "1l", "5S", "8B", "2Z", "6G", "4A", "7T", "MN", "NI", "IL", "UV", "VY", "CG", "CO", "DO", "QO", "PR", "EF", "HN", "KX", "WV", ".,"]


class Texts:
    """Draws texts; the same generator state gives the same texts."""

    def __init__(self, rng):
        self.rng = rng
        with open(REGIONS, encoding="utf-8") as f:
            rows = [(code, name) for code, name in csv.reader(f)]
        self.provinces = [name for code, name in rows if len(code) == 2]
        self.regencies = [name for code, name in rows if len(code) > 2]

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def chance(self, p):
        return self.rng.random() < p

    def number(self, a, b):
        """A whole number from a to b."""
        return int(self.rng.integers(a, b + 1))

    def word(self):
        """A made-up word of syllables, now and then of plain letters."""
        if self.chance(0.15):
            return "".join(self.pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(self.number(2, 9)))
        w = "".join(self.pick(SYLLABLES) + (self.pick(CODAS) if self.chance(0.35) else "") for _ in range(self.number(1, 4)))
        if len(w) > 2 and self.chance(0.12):  # letters that look alike side by side
            i = self.number(0, len(w) - 1)
            w = w[:i] + "".join(c for c in self.pick(CONFUSED) if c.isalpha()).upper() + w[i:]
        return w[:14]

    def either(self, known):
        return self.pick(known) if self.chance(0.5) else self.word()

    def date(self):
        return f"{self.number(1, 31):02d}-{self.number(1, 12):02d}-{self.number(1925, 2035)}"

    def name(self):
        words = [self.either(NAMES) for _ in range(self.pick([1, 2, 2, 2, 3, 3, 4]))]
        text = " ".join(words)
        if self.chance(0.06):
            i = self.number(1, max(1, len(words[0]) - 1))
            text = words[0][:i] + self.pick("'''-") + words[0][i:] + text[len(words[0]):]
        if self.chance(0.08):
            text = self.pick(TITLES_BEFORE) + " " + text
        if self.chance(0.08):
            text += self.pick([", ", ",", " "]) + self.pick([", ", ","]).join(self.pick(TITLES_AFTER) for _ in range(self.number(1, 2)))
        if self.chance(0.03):
            text = self.pick("ABCDEFHIMNRSTY") + ". " + text
        return text

    def place(self):
        if self.chance(0.25):
            name = self.pick(self.regencies)
            for kind in ("KABUPATEN ", "KOTA "):
                name = name.removeprefix(kind)
            return name
        return " ".join(self.either(PLACES) for _ in range(self.pick([1, 1, 2, 2, 3])))

    def address(self):
        street = " ".join(self.either(STREETS) for _ in range(self.pick([1, 1, 2])))
        text = self.pick(["JL. ", "JL ", "JLN. ", "JALAN ", "GG. ", "KP. ", "KP ", "DUSUN ", "DSN. ", "PERUM ", "PERUMAHAN ", "KOMP. ", "LINGK. ", "BLOK ", ""]) + street
        if self.chance(0.15):
            text += " " + self.pick(["I", "II", "III", "IV", "V", "VI", "XI"])
        if self.chance(0.5):
            text += self.pick([" NO. ", " NO.", " NO ", " NO: "]) + f"{self.number(1, 299)}" + (self.pick(["A", "B", "C", "-A", "/B", f"/{self.number(1, 30)}", f"-{self.number(1, 40)}"]) if self.chance(0.3) else "")
        if self.chance(0.15):
            text += " BLOK " + self.pick("ABCDEFGHJK") + self.pick(["", f"{self.number(1, 20)}", f"-{self.number(1, 20)}"]) + f"{self.pick(['/', ' NO. ', '-'])}{self.number(1, 40)}"
        if self.chance(0.12):
            text += f" RT {self.number(1, 20):03d} RW {self.number(1, 15):03d}"
        if self.chance(0.03):
            text += self.pick([" #", " (", ' "', " & ", "; ", " @", " *"]) + self.word() + self.pick(["", ")", '"'])
        return text

    def nik(self):
        day = self.number(1, 31) + (40 if self.chance(0.5) else 0)
        if self.chance(0.3):  # any digits: no structure to lean on
            return "".join(self.pick("0123456789") for _ in range(16))
        return f"{self.number(11, 96)}{self.number(1, 79):02d}{self.number(1, 30):02d}{day:02d}{self.number(1, 12):02d}{self.number(0, 99):02d}{self.number(1, 9999):04d}"

    def header(self):
        if self.chance(0.5):
            return "PROVINSI " + (self.pick(self.provinces) if self.chance(0.7) else self.place())
        return self.pick(self.regencies) if self.chance(0.6) else self.pick(["KABUPATEN ", "KOTA "]) + self.place()

    def noise(self):
        """Any characters: the ones that no other text has enough of."""
        common = [c for c in CHARACTERS if c != HIDDEN]
        return "".join(self.pick(common) if not (0 < i and self.chance(0.12)) else " " for i in range(self.number(2, 16))).strip() or "A"

    # What is drawn how often, with the print it has on a card.
    KINDS = [
        ("name", 16, "value"), ("birth", 9, "value"), ("address", 16, "value"), ("place", 15, "value"), ("nik", 10, "nik"), ("rtrw", 4, "value"),
        ("date", 4, "value"), ("occupation", 6, "value"), ("word", 6, "value"), ("header", 6, "header"), ("label", 4, "value"), ("blood", 3, "value"),
        ("issue", 6, "issue"), ("noise", 4, "value"),
    ]

    def draw(self):
        """A text and the kind of print it is set in."""
        total = sum(weight for _, weight, _ in self.KINDS)
        at = self.rng.random() * total
        for kind, weight, print_kind in self.KINDS:
            at -= weight
            if at < 0:
                break
        text = {
            "name": self.name, "address": self.address, "place": self.place, "nik": self.nik, "date": self.date, "header": self.header,
            "noise": self.noise,
            "birth": lambda: self.place() + self.pick([", ", ", ", ", ", ",", " , "]) + self.date(),
            "rtrw": lambda: f"{self.number(0, 40):03d}/{self.number(0, 30):03d}",
            "occupation": lambda: self.pick(OCCUPATIONS),
            "word": lambda: self.pick(RELIGIONS + MARITAL + ["LAKI-LAKI", "PEREMPUAN", "WNI", "WNI", "WNA", "SEUMUR HIDUP", "SEUMUR HIDUP", "LAKI-LAKI", "PEREMPUAN"]),
            "label": lambda: self.pick(LABELS),
            "blood": lambda: self.pick(["Gol. Darah : ", "Gol. Darah :", "Gol. Darah ", ""]) + self.pick(["A", "B", "AB", "O", "-", "A+", "B-", "AB+", "O+", "O-"]),
            "issue": lambda: self.date() if self.chance(0.5) else self.pick(self.regencies) if self.chance(0.5) else self.place(),
        }[kind]()
        return text[:44], print_kind
