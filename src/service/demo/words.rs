//! What the demo's records are made of. Names of many scripts, so that what goes wrong with text goes wrong here first.

/// A name as it is written, and as it stands in an e-mail address.
pub type Spelled = (&'static str, &'static str);

/// People of one language, who may be called by any of its given and family names.
pub struct People {
    pub given: [Spelled; 5],
    pub family: [Spelled; 5],
    /// What stands between the two names if the family's comes first.
    pub family_first: Option<&'static str>,
}

const fn people(given: [Spelled; 5], family: [Spelled; 5]) -> People {
    People { given, family, family_first: None }
}

const fn family_first(between: &'static str, family: [Spelled; 5], given: [Spelled; 5]) -> People {
    People { given, family, family_first: Some(between) }
}

pub const PEOPLE: [People; 12] = [
    people(
        [("Ada", "ada"), ("Niamh", "niamh"), ("Grace", "grace"), ("Siân", "sian"), ("Desmond", "desmond")],
        [
            ("Lovelace", "lovelace"),
            ("O’Connor", "oconnor"),
            ("Hopper", "hopper"),
            ("MacLeod", "macleod"),
            ("Whitfield", "whitfield"),
        ],
    ),
    people(
        [
            ("Zoë", "zoe"),
            ("François", "francois"),
            ("Élodie", "elodie"),
            ("Noël", "noel"),
            ("Chloé", "chloe"),
        ],
        [
            ("Lefèvre", "lefevre"),
            ("Dubois", "dubois"),
            ("Garçon", "garcon"),
            ("Béranger", "beranger"),
            ("Côté", "cote"),
        ],
    ),
    people(
        [
            ("Jürgen", "juergen"),
            ("Käthe", "kaethe"),
            ("Björn", "bjoern"),
            ("Anneliese", "anneliese"),
            ("Sören", "soeren"),
        ],
        [
            ("Müller", "mueller"),
            ("Weiß", "weiss"),
            ("Schäfer", "schaefer"),
            ("Groß", "gross"),
            ("Krüger", "krueger"),
        ],
    ),
    people(
        [
            ("José", "jose"),
            ("María", "maria"),
            ("Íñigo", "inigo"),
            ("João", "joao"),
            ("Conceição", "conceicao"),
        ],
        [
            ("Núñez", "nunez"),
            ("García", "garcia"),
            ("Peña", "pena"),
            ("Araújo", "araujo"),
            ("Gonçalves", "goncalves"),
        ],
    ),
    people(
        [
            ("Łukasz", "lukasz"),
            ("Zofia", "zofia"),
            ("Małgorzata", "malgorzata"),
            ("Jiří", "jiri"),
            ("Šárka", "sarka"),
        ],
        [
            ("Wójcik", "wojcik"),
            ("Mazur", "mazur"),
            ("Żak", "zak"),
            ("Kowalczyk", "kowalczyk"),
            ("Gołąb", "golab"),
        ],
    ),
    people(
        [
            ("Ελένη", "eleni"),
            ("Νίκος", "nikos"),
            ("Σοφία", "sofia"),
            ("Γιώργος", "giorgos"),
            ("Δήμητρα", "dimitra"),
        ],
        [
            ("Γεωργίου", "georgiou"),
            ("Ιωάννου", "ioannou"),
            ("Νικολάου", "nikolaou"),
            ("Δημητρίου", "dimitriou"),
            ("Αντωνίου", "antoniou"),
        ],
    ),
    people(
        [
            ("Олена", "olena"),
            ("Тарас", "taras"),
            ("Ірина", "iryna"),
            ("Богдан", "bohdan"),
            ("Соломія", "solomiya"),
        ],
        [
            ("Шевченко", "shevchenko"),
            ("Коваленко", "kovalenko"),
            ("Бондаренко", "bondarenko"),
            ("Ткаченко", "tkachenko"),
            ("Гончар", "honchar"),
        ],
    ),
    family_first(
        "",
        [("李", "li"), ("王", "wang"), ("张", "zhang"), ("陈", "chen"), ("刘", "liu")],
        [("伟", "wei"), ("小明", "xiaoming"), ("丽华", "lihua"), ("静", "jing"), ("建国", "jianguo")],
    ),
    family_first(
        " ",
        [
            ("佐藤", "sato"),
            ("鈴木", "suzuki"),
            ("高橋", "takahashi"),
            ("渡辺", "watanabe"),
            ("山本", "yamamoto"),
        ],
        [
            ("花子", "hanako"),
            ("健太", "kenta"),
            ("美咲", "misaki"),
            ("大輔", "daisuke"),
            ("さくら", "sakura"),
        ],
    ),
    people(
        [("ليلى", "layla"), ("يوسف", "yusuf"), ("فاطمة", "fatima"), ("عمر", "omar"), ("نور", "nour")],
        [
            ("حداد", "haddad"),
            ("منصور", "mansour"),
            ("خليل", "khalil"),
            ("النجار", "alnajjar"),
            ("صالح", "saleh"),
        ],
    ),
    people(
        [("अनन्या", "ananya"), ("आरव", "aarav"), ("प्रिया", "priya"), ("रोहन", "rohan"), ("मीरा", "meera")],
        [("शर्मा", "sharma"), ("वर्मा", "verma"), ("पटेल", "patel"), ("गुप्ता", "gupta"), ("नायर", "nair")],
    ),
    people(
        [("Çağla", "cagla"), ("Işıl", "isil"), ("Gökhan", "gokhan"), ("Ömer", "omer"), ("Şule", "sule")],
        [
            ("Yılmaz", "yilmaz"),
            ("Öztürk", "ozturk"),
            ("Güneş", "gunes"),
            ("Çelik", "celik"),
            ("Şahin", "sahin"),
        ],
    ),
];

/// What a company's name begins with.
pub const COMPANIES: [Spelled; 20] = [
    ("Analytical Engines", "analytical-engines"),
    ("Nordlys", "nordlys"),
    ("Søndergård", "sondergard"),
    ("Águila", "aguila"),
    ("Čapek & Sons", "capek"),
    ("Þórsmörk", "thorsmork"),
    ("Blaue Brücke", "blaue-bruecke"),
    ("Café Crème", "cafe-creme"),
    ("北極星", "hokkyokusei"),
    ("青山", "qingshan"),
    ("Καλημέρα", "kalimera"),
    ("Світанок", "svitanok"),
    ("نخلة", "nakhla"),
    ("कमल", "kamal"),
    ("Żubr", "zubr"),
    ("São Miguel", "sao-miguel"),
    ("Ångström", "angstrom"),
    ("Harbour & Vale", "harbour-vale"),
    ("Yıldız", "yildiz"),
    ("Ó Murchú", "o-murchu"),
];

pub const INDUSTRIES: [&str; 6] = ["software", "food", "logistics", "energy", "design", "health"];

/// What a company's name ends with, by its industry.
pub const TRADES: [&str; 6] = ["Labs", "Foods", "Logistics", "Energy", "Studio", "Health"];

pub const STATUSES: [&str; 4] = ["lead", "active", "paused", "churned"];

pub const TAGS: [&str; 5] = ["newsletter", "beta", "partner", "event", "referral"];

pub const STAGES: [&str; 5] = ["new", "qualified", "proposal", "won", "lost"];

pub const SOURCES: [&str; 4] = ["web", "fair", "referral", "cold call"];

pub const GOODS: [&str; 6] =
    ["Licence renewal", "Pilot project", "Support plan", "Training week", "Migration", "Annual audit"];

pub const NOTES: [&str; 6] = [
    "Prefers to be called in the morning.",
    "Met at the fair in Köln; wants a demo of the API.",
    "Asked for a quote in euros.\nSecond line: please send it as PDF.",
    "Left-handed, likes 🍵 and long walks.",
    "Invoice goes to the head office, not to the branch.",
    "\"Quotes\", commas, and\ttabs are all right here.",
];
