"""Invented citizens: what stands on the cards that cards.py draws.

Names, addresses and dates are put together from the lists below; regions are
the official ones. Nobody here exists: the last four digits of a NIK are
0500..9999, above what the registry hands out.
"""

import csv
import datetime
import gzip
import pathlib
import re

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
REGENCIES = REPOSITORY / "internal/ktp/regions.csv"
ALL_REGIONS = REPOSITORY.parent / "shared/samples/regions/regions.csv.gz"

# Given names of men, given names of women, last parts; by people.
NAMES = {
    "java": (
        "AGUS BAMBANG SLAMET WAHYU TRI DWI EKO JOKO SUGENG HERU SUPRIYANTO SUTRISNO TEGUH YULI BUDI DIMAS BAGAS GALIH ANDIKA RIZKY "
        "PURWANTO SUMARNO SUBAGYO KUNCORO ARIF PRASETYO GUNAWAN IMAM TOTOK PARYANTO WARSITO NGADIMAN",
        "SRI WAHYUNI RATNA DEWI ENDANG SUMIATI PURWANTI YULIANTI TRI DWI RINA WATI SUPARTI NINGSIH LESTARI ASTUTI RETNO WULAN "
        "PUJI TUTIK KARTINI SITI RAHAYU SULASTRI MURNI INTAN PERTIWI NGATINI LASMI",
        "SANTOSO WIBOWO NUGROHO SAPUTRO HARTONO SUSANTO WIJAYA KUSUMA PRABOWO UTOMO HANDOYO MULYONO SETYAWAN PRANOTO ADIWINATA "
        "KUSUMANINGRUM WIDODO RAHARJO"),
    "sunda": (
        "ASEP UJANG DADANG CECEP DEDE ENDANG YAYAN TATANG AJAT IWAN RUDI ACENG OTONG MAMAN JAJANG ENCEP DUDUNG KOSASIH",
        "NENG ELIS EUIS IMAS LILIS IIS TETI YETI ENTIN CUCU NANI AI ENUNG TITIN KOKOM NYAI AISYAH RINI",
        "SURYANA HIDAYAT KURNIAWAN PERMANA SUTISNA RUSWANDI KOMARA MULYANA SUHENDAR NURJAMAN GUMILAR ROHAYATI SETIAWATI JUARIAH"),
    "batak": (
        "JONGGI PARLINDUNGAN TOGAR MANGASI HOTMAN SAHAT POLTAK RIKARDO DANIEL JHON MARULI BONAR PARTOGI EFENDI",
        "ROTUA TIUR DUMA MARIANI LASMARIA RISMA NURHAIDA HOTMAULI SARTIKA RENTA MAWAR YOHANA TIURMA",
        "SIMANJUNTAK SIREGAR NAINGGOLAN HUTAGALUNG SINAGA LUMBANTORUAN PANJAITAN SITORUS MARPAUNG HARAHAP LUBIS SITUMORANG "
        "PAKPAHAN MANURUNG GINTING SEMBIRING TAMBUNAN"),
    "bali": (
        "I|WAYAN I|MADE I|NYOMAN I|KETUT I|GEDE I|PUTU GUSTI|NGURAH IDA|BAGUS ANAK|AGUNG|GDE I|KOMANG I|DEWA|GEDE",
        "NI|WAYAN NI|MADE NI|NYOMAN NI|KETUT NI|LUH NI|PUTU GUSTI|AYU IDA|AYU ANAK|AGUNG|ISTRI NI|KADEK DESAK|PUTU",
        "SUARTANA WIRAWAN ARDANA SUDIRTA PARWATA ADNYANA YASA WIDIANTARA SUKERTI ARIANI ASTITI MAHENDRA DHARMAWAN PUTRAWAN"),
    "minang": (
        "FIRDAUS ZULKIFLI SYAFRIZAL YUSRIZAL HENDRI ALFIAN DONI RAHMAD IRWANDI SYAHRUL BUSTAMI MASRIZAL JASMAN AFRIZAL",
        "YUSNIDAR ERNAWATI ROSNA DESMAWATI NURHAYATI ZURAIDA FITRIA MARDIANA YULIZAR ASNIMAR RAHMI GUSNIATI",
        "CHANIAGO KOTO TANJUNG PILIANG SIKUMBANG JAMBAK GUCI MALIK PILIANG RASYID BAHAR"),
    "china": (
        "HENDRA STEVEN KEVIN WILLIAM SUSANTO DARMAWAN ANDREAS FERDY JIMMY HARYANTO TAN LIE ONG LIEM",
        "LINDA FELICIA MEILANI YULIANA SUSAN CINDY LILIANA STEFANIE GRACE MEI|LING SHERLY CAROLINE",
        "TANUWIJAYA HALIM GUNAWAN LIMANTO SALIM WIJAYA KURNIAWAN CHANDRA HARTANTO SETIADI BUDIMAN OEI KWOK GOTAMA"),
    "arab": (
        "MUHAMMAD ABDUL|RAHMAN AHMAD ABDULLAH YUSUF HAMZAH UMAR HASAN SALIM FAISAL ZAINAL|ABIDIN SYARIF NUR|ROHMAN MUH. MOCH. "
        "M. MA'RUF SA'DUN RIFA'I ABD. QOMARUDDIN SYAMSUL",
        "SITI NUR FATIMAH AISYAH KHADIJAH MAR'ATUS ZAHRA NURUL HALIMAH ST. ROHMAH LATIFAH UMMI|KULTSUM MUTI'AH NI'MATUL SHOLEHAH",
        "ALATAS ASSEGAF HIDAYATULLAH FADHIL MAULANA MUSTOFA AL|HABSYI BAHRI SHIHAB FAUZAN RAMADHANI ZAKARIYA QADRI JANNAH HASANAH"),
    "east": (
        "YOHANES MARTINUS DOMINGGUS FRANSISKUS YAKOBUS PETRUS HENDRIK STEFANUS ANDI|BASO DAENG JEFRI RONALD MELKIOR",
        "MARIA YULIANA ANASTASIA DORKAS ELISABETH MAGDALENA ANDI|TENRI NOVITA FEMMY AGUSTINA KATARINA YOSEFINA",
        "WENDA PATTIASINA MANUPUTTY RUMBIAK KAWILARANG LAMAK MANDAGI TUWAIDAN TEFA NALLE PALLAWA MANGKUDILAGA WAROMI"),
}
PEOPLES = list(NAMES)
PEOPLE_WEIGHT = [0.36, 0.14, 0.1, 0.08, 0.07, 0.07, 0.12, 0.06]

TITLES_BEFORE = ["H. ", "HJ. ", "DRS. ", "IR. ", "DR. ", "DRA. ", "R. ", "KH. "]
TITLES_AFTER = [", S.T.", ", S.T., M.T.", ", S.E.", ", S.PD.", ", S.H., M.H.", ", SE", ", S.KOM.", ", A.MD.", ", M.SI.", ", S.AG.", ", SP.PD."]

# The list of occupations on cards (Permendagri 109/2019).
OCCUPATIONS = """BELUM/TIDAK BEKERJA;MENGURUS RUMAH TANGGA;PELAJAR/MAHASISWA;PENSIUNAN;PEGAWAI NEGERI SIPIL (PNS);
TENTARA NASIONAL INDONESIA;KEPOLISIAN RI (POLRI);PERDAGANGAN;PETANI/PEKEBUN;PETERNAK;NELAYAN/PERIKANAN;INDUSTRI;KONSTRUKSI;
TRANSPORTASI;KARYAWAN SWASTA;KARYAWAN BUMN;KARYAWAN BUMD;KARYAWAN HONORER;BURUH HARIAN LEPAS;BURUH TANI/PERKEBUNAN;
BURUH NELAYAN/PERIKANAN;BURUH PETERNAKAN;PEMBANTU RUMAH TANGGA;TUKANG CUKUR;TUKANG LISTRIK;TUKANG BATU;TUKANG KAYU;
TUKANG SOL SEPATU;TUKANG LAS/PANDAI BESI;TUKANG JAHIT;TUKANG GIGI;PENATA RIAS;PENATA BUSANA;PENATA RAMBUT;MEKANIK;SENIMAN;TABIB;
PARAJI;PERANCANG BUSANA;PENTERJEMAH;IMAM MASJID;PENDETA;PASTOR;WARTAWAN;USTADZ/MUBALIGH;JURU MASAK;PROMOTOR ACARA;ANGGOTA DPR-RI;
ANGGOTA DPD;ANGGOTA BPK;PRESIDEN;WAKIL PRESIDEN;ANGGOTA MAHKAMAH KONSTITUSI;ANGGOTA KABINET/KEMENTERIAN;DUTA BESAR;GUBERNUR;
WAKIL GUBERNUR;BUPATI;WAKIL BUPATI;WALIKOTA;WAKIL WALIKOTA;ANGGOTA DPRD PROVINSI;ANGGOTA DPRD KABUPATEN/KOTA;DOSEN;GURU;PILOT;
PENGACARA;NOTARIS;ARSITEK;AKUNTAN;KONSULTAN;DOKTER;BIDAN;PERAWAT;APOTEKER;PSIKIATER/PSIKOLOG;PENYIAR TELEVISI;PENYIAR RADIO;PELAUT;
PENELITI;SOPIR;PIALANG;PARANORMAL;PEDAGANG;PERANGKAT DESA;KEPALA DESA;BIARAWATI;WIRASWASTA""".replace("\n", "").split(";")
assert len(OCCUPATIONS) == 88
COMMON_OCCUPATIONS = ["KARYAWAN SWASTA", "WIRASWASTA", "PELAJAR/MAHASISWA", "MENGURUS RUMAH TANGGA", "BELUM/TIDAK BEKERJA",
                      "PETANI/PEKEBUN", "BURUH HARIAN LEPAS", "PEGAWAI NEGERI SIPIL (PNS)", "GURU", "PEDAGANG"]

RELIGIONS = {"ISLAM": 0.62, "KRISTEN": 0.13, "KATHOLIK": 0.08, "HINDU": 0.1, "BUDHA": 0.05, "KHONGHUCU": 0.02}
MARITAL = {"KAWIN": 0.55, "BELUM KAWIN": 0.3, "CERAI HIDUP": 0.07, "CERAI MATI": 0.08}
BLOOD = {"-": 0.45, "A": 0.1, "B": 0.1, "AB": 0.08, "O": 0.13, "A+": 0.04, "B+": 0.04, "O+": 0.04, "AB+": 0.02}

STREETS = """MAWAR;KENANGA;CEMPAKA PUTIH;AHMAD YANI;JEND. SUDIRMAN;DIPONEGORO;GATOT SUBROTO;HOS COKROAMINOTO;K.H. WAHID HASYIM;IMAM BONJOL;
PATTIMURA;TEUKU UMAR;R.A. KARTINI;BRIGJEN KATAMSO;RAYA CIBADAK;KEBON JERUK;SUKA MAJU;TIRTAYASA;HASANUDDIN;PELITA;VETERAN;GAJAH MADA;
DR. SUTOMO;PAHLAWAN;PEMUDA;SILIWANGI;BATU AMPAR;KELAPA DUA;LETDA SUCIPTO;MT. HARYONO;YOS SUDARSO;ANGGREK;FLAMBOYAN;KH. ZAINUL ARIFIN;
PANGERAN ANTASARI;URIP SUMOHARJO;SAM RATULANGI;TAMAN SISWA;RAWA BUAYA;CENDRAWASIH""".replace("\n", "").split(";")
HAMLETS = """SUKAJADI;KRAJAN;SUMBER AGUNG;BABAKAN;CIPINANG;MEKARSARI;PASIR ANGIN;KARANG TENGAH;TEGALREJO;BONTO RAMBA;LUBUK SIKAPING;
JATI MULYA;PASAR BARU;RAWA BAMBU;NGEMPLAK;WATES;SIDOREJO;KEBON KOPI;PULO GEBANG;BANJARSARI""".replace("\n", "").split(";")
ESTATES = "GRIYA ASRI;TAMAN INDAH;BUMI PERMAI;PONDOK UNGU;VILLA MUTIARA;GRAHA KENCANA;TELAGA EMAS;PERMATA HIJAU;BUKIT CEMARA".split(";")
ROMAN = "I II III IV V VI VII VIII IX X".split()

# Made from parts when the full list of regions is not at hand.
VILLAGE_FIRST = "SUKA MEKAR KARANG SUMBER TANJUNG BATU SIDO JATI KEBON LUBUK PULAU RAWA".split()
VILLAGE_LAST = "MAJU SARI JAYA ANYAR AGUNG INDAH MULYA REJO HARJO TENGAH BARU WANGI".split()

PLACES = """JAKARTA;BANDUNG;SURABAYA;MEDAN;SEMARANG;MAKASSAR;PALEMBANG;YOGYAKARTA;SOLO;MALANG;BOGOR;BEKASI;TASIKMALAYA;CIREBON;TEGAL;KLATEN;
BANYUMAS;JEMBER;BANYUWANGI;TULUNGAGUNG;DENPASAR;TABANAN;MATARAM;KUPANG;ENDE;AMBON;JAYAPURA;MANADO;GORONTALO;PALU;KENDARI;PARE PARE;
BANJARMASIN;PONTIANAK;SAMARINDA;BALIKPAPAN;PADANG;BUKITTINGGI;PAYAKUMBUH;PEKANBARU;JAMBI;BENGKULU;BANDAR LAMPUNG;METRO;PEMATANG SIANTAR;
TARUTUNG;SIBOLGA;BANDA ACEH;LHOKSEUMAWE;GUNUNG KIDUL;PURWOREJO;LUBUK LINGGAU;TANJUNG PINANG;TJ. BALAI;U. PANDANG""".replace("\n", "").split(";")

PLAIN_NAME = re.compile(r"[A-Z][A-Z .'-]{2,23}")


class Regions:
    """Districts with their villages, province and regency.

    From the full list where it is present; else regencies only, with district
    and village names put together from parts.
    """

    def __init__(self):
        self.names = {}  # digits of the code -> the latest name
        opened = gzip.open(ALL_REGIONS, "rt", encoding="utf-8") if ALL_REGIONS.exists() else open(REGENCIES, encoding="utf-8")
        self.complete = ALL_REGIONS.exists()
        latest = {}
        with opened as f:
            for row in csv.reader(f):
                code = row[0].replace(".", "")
                if not code.isdigit():
                    continue
                seen = row[3] if len(row) > 3 else ""
                if seen >= latest.get(code, ""):
                    self.names[code], latest[code] = row[1].strip(), seen
        self.names["31"] = "DKI JAKARTA"
        self.villages = {}
        for code, name in self.names.items():
            if len(code) == 10 and PLAIN_NAME.fullmatch(name):
                self.villages.setdefault(code[:6], []).append(name)
        self.districts = [c for c in self.villages if PLAIN_NAME.fullmatch(self.names.get(c, ""))]
        self.regencies = [c for c in self.names if len(c) == 4]
        self.by_province = {}
        for code in self.districts or self.regencies:
            self.by_province.setdefault(code[:2], []).append(code)

    def draw(self, rng, province=None):
        """A district: six digits, province, kind, regency, district, village."""
        if province is None:
            # Java holds most of the people.
            near = rng.random() < 0.6
            pick = [p for p in self.by_province if (p[0] == "3") == near]
            province = pick[rng.integers(len(pick))]
        codes = self.by_province[province]
        code = codes[rng.integers(len(codes))]
        if len(code) == 4:
            part = lambda: VILLAGE_FIRST[rng.integers(len(VILLAGE_FIRST))] + " " + VILLAGE_LAST[rng.integers(len(VILLAGE_LAST))]
            district, village = part(), part()
            code += f"{rng.integers(1, 20):02d}"
        else:
            district, village = self.names[code], self.villages[code][rng.integers(len(self.villages[code]))]
        kind, regency = split_regency(self.names[code[:4]])
        return code, self.names[province], kind, regency, district, village


def split_regency(name):
    """The kind (KOTA, KABUPATEN) and the bare name of a regency."""
    name = name.replace("ADMINISTRASI ", "").replace("ADM. ", "")
    if name.startswith("KOTA "):
        return "KOTA", name[5:]
    return "KABUPATEN", re.sub(r"^KAB(UPATEN|\.)? ", "", name)


def choose(rng, weights):
    return list(weights)[rng.choice(len(weights), p=[w / sum(weights.values()) for w in weights.values()])]


def pick(rng, items):
    return items[rng.integers(len(items))]


def draw_name(rng, female, people):
    men, women, last = (part.split() for part in NAMES[people])
    given = [w.replace("|", " ") for w in (women if female else men)]
    last = [w.replace("|", " ") for w in last]
    first = pick(rng, given)
    if rng.random() < 0.09 and people in ("java", "sunda", "minang"):
        return first if len(first) > 4 else first + "YATI"
    parts = [first]
    if rng.random() < 0.45:
        second = pick(rng, [g for g in given if g != first])
        if " " not in second and "." not in second:
            parts.append(second)
    if len(parts) == 1 or rng.random() < 0.7 or parts[0].endswith("."):
        parts.append(pick(rng, last))
    if rng.random() < 0.12:
        parts.append(pick(rng, last))
    name = " ".join(dict.fromkeys(parts))
    if rng.random() < 0.07:
        name = ("HJ. " if female and rng.random() < 0.5 else pick(rng, TITLES_BEFORE)) + name
    if rng.random() < 0.08:
        name += pick(rng, TITLES_AFTER)
    return name


def draw_address(rng):
    r = rng.random()
    number = lambda: str(rng.integers(1, 200)) + (f"/{rng.integers(1, 40)}" if rng.random() < 0.12 else "") + (pick(rng, list("ABC")) if rng.random() < 0.1 else "")
    if r < 0.42:
        a = pick(rng, ["JL. ", "JL. ", "JL ", "JALAN "]) + pick(rng, STREETS)
        if rng.random() < 0.2:
            a += " " + pick(rng, ["GG. ", "GANG "]) + pick(rng, HAMLETS)
        if rng.random() < 0.65:
            a += pick(rng, [" NO. ", " NO.", " NO "]) + number()
        if rng.random() < 0.1:
            a += f" BLOK {pick(rng, list('ABCDEF'))}{rng.integers(1, 20)}"
    elif r < 0.55:
        a = "GG. " + pick(rng, STREETS) + " " + pick(rng, ROMAN) + (" NO. " + number() if rng.random() < 0.7 else "")
    elif r < 0.7:
        a = pick(rng, ["KP. ", "KP ", "KAMPUNG "]) + pick(rng, HAMLETS)
    elif r < 0.82:
        a = pick(rng, ["DUSUN ", "DSN. ", "DUSUN ", "LINGK. ", "BR. ", "JORONG "]) + (pick(rng, ROMAN) if rng.random() < 0.4 else pick(rng, HAMLETS))
    elif r < 0.95:
        a = pick(rng, ["PERUM ", "KOMP. ", "PERUMAHAN ", "PERUM. "]) + pick(rng, ESTATES) + f" BLOK {pick(rng, list('ABCDEFGH'))}{rng.integers(1, 30)}"
        if rng.random() < 0.7:
            a += pick(rng, [" NO. ", "/", " NO."]) + str(rng.integers(1, 60))
    else:
        a = pick(rng, HAMLETS)
    return a


def citizen(rng, regions):
    """A person as printed ("fields"), "expected" of the service, and "extra"."""
    people = PEOPLES[rng.choice(len(PEOPLES), p=PEOPLE_WEIGHT)]
    code, province, kind, regency, district, village = regions.draw(rng, "51" if people == "bali" and "51" in regions.by_province else None)
    female = rng.random() < 0.5
    # An older card stays in its period of validity until 2019; since then they are all for life.
    issued = datetime.date(2012, 1, 1) + datetime.timedelta(int(rng.integers(0, 365 * 12)))
    born = issued - datetime.timedelta(int(rng.integers(17 * 366, 75 * 365)))
    nik = f"{code}{born.day + 40 * female:02d}{born:%m%y}{rng.integers(500, 10000):04d}"
    while_valid = issued < datetime.date(2015, 1, 1) and rng.random() < 0.6
    valid = "SEUMUR HIDUP"
    if while_valid:
        valid = f"{born:%d-%m}-{issued.year + 5}" if (born.month, born.day) != (2, 29) else f"28-02-{issued.year + 5}"
    header = f"{kind} {regency}"
    if province == "DKI JAKARTA" and rng.random() < 0.4:
        header = regency
    religion = "HINDU" if people == "bali" and rng.random() < 0.9 else "ISLAM" if people == "arab" else choose(rng, RELIGIONS)
    minor = born.year > issued.year - 22
    fields = {
        "nik": nik,
        "name": draw_name(rng, female, people),
        "birth_place": regency if rng.random() < 0.4 and len(regency) < 18 else pick(rng, PLACES),
        "birth_date": f"{born:%d-%m-%Y}",
        "gender": "PEREMPUAN" if female else "LAKI-LAKI",
        "blood_type": choose(rng, BLOOD),
        "address": draw_address(rng),
        "rt_rw": f"{rng.integers(1, 20):03d}/{rng.integers(1, 16):03d}",
        "village": village,
        "district": district,
        "religion": religion,
        "marital_status": "BELUM KAWIN" if minor and rng.random() < 0.85 else choose(rng, MARITAL),
        "occupation": pick(rng, COMMON_OCCUPATIONS) if rng.random() < 0.5 else pick(rng, OCCUPATIONS),
        "citizenship": "WNI",
        "valid_until": valid,
        "province": province,
        "regency_header": header,
        "issue_place": f"KOTA {regency}" if kind == "KOTA" and len(regency) < 12 and rng.random() < 0.35 else regency,
        "issue_date": f"{issued:%d-%m-%Y}",
    }
    iso = lambda d: "-".join(reversed(d.split("-"))) if d[0].isdigit() else d
    expected = {k: v for k, v in fields.items() if k not in ("citizenship", "regency_header")}
    for k in ("birth_date", "issue_date", "valid_until"):
        expected[k] = iso(fields[k])
    expected["nationality"] = fields["citizenship"]
    expected["regency"] = header
    return {"fields": fields, "expected": expected, "extra": {"regency": regency, "regency_kind": kind}}
