"""What people type into free text, in the language of their site. (English, Chinese), simulated and harmless."""

TEXTS: dict[str, list[tuple[str, str]]] = {
    "ICVER": [("2.0", "2.0")],
    "RICVER": [("3.0", "3.0")],
    "MHTERM": [
        ("Atopic dermatitis", "特应性皮炎"),
        ("Iron deficiency", "缺铁"),
        ("Atrial septal defect, closed", "房间隔缺损（已闭合）"),
        ("Bronchiolitis", "毛细支气管炎"),
        ("Neonatal jaundice", "新生儿黄疸"),
    ],
    "CMTRT": [
        ("Paracetamol", "对乙酰氨基酚"),
        ("Trimethoprim-sulfamethoxazole", "复方磺胺甲噁唑"),
        ("Cholecalciferol", "维生素D3"),
        ("Ferrous succinate", "琥珀酸亚铁"),
        ("Chlorhexidine mouthwash", "氯己定漱口液"),
        ("Amoxicillin", "阿莫西林"),
    ],
    "CMINDC": [("Fever", "发热"), ("Prophylaxis", "预防"), ("Supplement", "补充治疗"), ("Mouth ulcer", "口腔溃疡")],
    "PRDOSE": [("2 mg/kg a day", "每日2 mg/kg"), ("1.5 mg/kg a day", "每日1.5 mg/kg"), ("Four times", "共4次")],
    "PELES": [
        ("Violet, firm, edge unclear", "紫红色，质硬，边界不清"),
        ("Paler than before, softer", "颜色较前变浅，质地变软"),
        ("Skin-coloured, soft", "肤色，质软"),
    ],
    "MARKKIT": [("ARCHITECT i2000SR, Abbott", "雅培ARCHITECT i2000SR")],
    "TUMCOM": [("Measured in three planes", "三平面测量"), ("Edge well seen", "边界清晰")],
}
ANY_TEXT = [
    ("As described in the source", "详见原始病历"),
    ("Seen by the investigator", "研究者已查看"),
    ("No further remarks", "无其他说明"),
    ("Confirmed with the family", "已与家属核实"),
]
AE_WORDS = {
    "mucositis_oral": ("Mouth ulcers", "口腔溃疡"),
    "upper_respiratory_infection": ("Common cold", "上呼吸道感染"),
    "lung_infection": ("Pneumonia", "肺炎"),
    "fever": ("Fever", "发热"),
    "diarrhea": ("Loose stools", "腹泻"),
    "rash_acneiform": ("Acne-like rash", "痤疮样皮疹"),
    "cough": ("Cough", "咳嗽"),
    "vomiting": ("Vomiting", "呕吐"),
    "otitis_media": ("Middle ear infection", "中耳炎"),
    "alanine_aminotransferase_increased": ("ALT raised", "谷丙转氨酶升高"),
    "aspartate_aminotransferase_increased": ("AST raised", "谷草转氨酶升高"),
    "hypertriglyceridemia": ("Triglycerides raised", "甘油三酯升高"),
    "cholesterol_high": ("Cholesterol raised", "胆固醇升高"),
    "neutrophil_count_decreased": ("Low neutrophils", "中性粒细胞减少"),
    "white_blood_cell_decreased": ("Low white cells", "白细胞减少"),
    "anemia": ("Anaemia", "贫血"),
    "platelet_count_decreased": ("Low platelets", "血小板减少"),
    "creatinine_increased": ("Creatinine raised", "肌酐升高"),
    "blood_bilirubin_increased": ("Bilirubin raised", "胆红素升高"),
}
QUERIES = [
    ("Please check this value against the source.", "请与原始病历核对该数值。"),
    ("The source names another date. Please confirm.", "原始病历日期不一致，请确认。"),
    ("Was the sample taken before the morning dose?", "是否在晨间服药前采样？"),
    ("Please say which method was used.", "请说明所用方法。"),
]
ANSWERS = [
    ("Checked against the source: correct.", "已与原始病历核对，数值正确。"),
    ("Confirmed by the laboratory report.", "已与检验报告核对。"),
    ("Confirmed with the family.", "已与家属核实。"),
]
CLOSINGS = [("Seen in the source. Closed.", "已核查原始资料，关闭。"), ("Thank you.", "谢谢。")]
CORRECTIONS = [("Error of transcription", "转录错误"), ("Corrected by the laboratory report", "按检验报告更正")]
MISSED = [
    ("The family was travelling", "家属外出"),
    ("The child had a cold", "患儿感冒"),
    ("Could not be reached", "未能联系上"),
]
NOT_DONE = [("Device out of order", "设备故障"), ("The sample clotted", "标本凝固"), ("Refused that day", "当日拒绝")]
FLAG_NOTES = [
    ("Repeat in a week; the child is well.", "一周后复查；患儿一般情况良好。"),
    ("Dose adjusted.", "已调整剂量。"),
    ("Known since baseline, not clinically relevant.", "基线已知，无临床意义。"),
]
WITHDRAWALS = [("The family moved away", "家庭搬迁"), ("The guardian withdrew consent", "监护人撤回知情同意")]


def said(pair: tuple[str, str], language: str) -> str:
    return pair[1] if language.startswith("zh") else pair[0]
