"""Every sentence on a nomogram, in English and Chinese; placeholders in braces."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, str]] = {
    "points": ("Points", "单项得分"),
    "total": ("Total points", "总分"),
    "example": ("Example", "示例"),
    "patient": ("Patient", "患者"),
    "with_unit": ("{label}, {unit}", "{label}，{unit}"),
    "setting": ("{label} ({setting})", "{label}（{setting}）"),
    "equals": ("{label}\u00a0=\u00a0{value}", "{label}\u00a0=\u00a0{value}"),
    "list_mark": (", ", "，"),
    "semicolon": ("; ", "；"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "reference": ("reference: {level}", "参照：{level}"),
    "range": ("{first} to {last}", "{first} 至 {last}"),
    "days": ("days", "天"),
    "weeks": ("weeks", "周"),
    "months": ("months", "个月"),
    "years": ("years", "年"),
    "one_days": ("day", "天"),
    "one_weeks": ("week", "周"),
    "one_months": ("month", "个月"),
    "one_years": ("year", "年"),
    "time": ("{horizon}\u00a0{unit}", "{horizon}{unit}"),
    "risk": ("Risk of {event} by {time},\u00a0%", "{time}内发生{event}的风险，%"),
    "median": ("Median time to {event}, {unit}", "至{event}的中位时间，{unit}"),
    "median_is": ("median time {time}", "中位时间{time}"),
    "median_beyond": ("median time not reached within the follow-up", "随访期内未达中位时间"),
    "not_reached": ("–", "–"),
    "risk_binary": ("Risk of {event},\u00a0%", "发生{event}的风险，%"),
    "risk_binary_named": ("Risk of the event ({event}),\u00a0%", "发生终点事件（{event}）的风险，%"),
    "risk_named": ("Risk of the event ({event}) by {time},\u00a0%", "{time}内发生终点事件（{event}）的风险，%"),
    "continued": ("(continued)", "（续）"),
    "title": ("Nomogram: {event}", "列线图：{event}"),
    "page_recipe": (
        "Each table gives points for the values of one characteristic; between two values take proportions. Add the "
        "points of all tables that fit the patient; the last tables give the risk in percent of the sum.",
        "每张表给出一个特征各取值的得分；两值之间按比例取值。将适用于患者的各表得分相加；最后的表格给出总分对应的风险（%）。",
    ),
    "recipe": (
        "How to read: find the patient's value on each line and go straight up to the Points ruler; add the points; "
        "find the sum on the Total points ruler and go straight down to the risk.",
        "读图方法：在每条线上找到患者的取值，垂直向上在“单项得分”标尺上读出得分；将各项得分相加；在“总分”标尺上找到总和，垂直向下读出风险。",
    ),
    "recipe_setting": (
        "Of the lines that name another characteristic in brackets, use the one that fits the patient.",
        "括号内注明其他特征的各条线中，只使用与患者相符的一条。",
    ),
    "recipe_fold": (
        "Where a curve folds back, its values go on above the line, then on a further line (continued).",
        "若曲线折返，其后的取值标在线的上方，再后的取值另起一条线（续）。",
    ),
    "tails": (
        "Arrows: the cohort's values beyond the 1st and 99th centile lie off the line; their points, in between by "
        "proportion: {extremes}.",
        "箭头：队列中低于第1或高于第99百分位的取值在线外；其得分（其间按比例）：{extremes}。",
    ),
    "extreme": ("{label}: {values} points", "{label}：{values}分"),
    "at": ("{value} = {points}", "{value} = {points}"),
    "typical": (
        "Example (a typical patient: median of each number, commonest category): {sum} = {total} points; {risks}.",
        "示例（典型患者：数值取中位数，类别取最常见者）：{sum} = {total}分；{risks}。",
    ),
    "worked": ("{who}: {sum} = {total} points; {risks}.", "{who}：{sum} = {total}分；{risks}。"),
    "item": ("{label} {value} ({points})", "{label} {value}（{points}）"),
    "item_group": ("{label} {value} with {partners} ({points})", "{label} {value}，{partners}（{points}）"),
    "risks": ("risk of the event {risks}", "发生终点事件的风险：{risks}"),
    "risk_by": ("{risk} by {time}", "{time}内 {risk}"),
    "risk_interval": ("{risk} ({limits})", "{risk}（{limits}）"),
    "limits": ("{lower}\u2013{upper}", "{lower}\u2013{upper}"),
    "interval_patient": ("In brackets: 95 % interval of the model's risk.", "括号内：模型风险的95 %区间。"),
    "intervals": (
        "Grey bars over the risk lines: 95 % intervals of the model's risk for patients around the 10th, 50th and 90th "
        "centile of the total; the pale bar: that of the {who}. They tell how well the risk is known, not one person's "
        "fate.",
        "风险线上方的灰条：总分第10、50、90百分位附近患者的模型风险95 %区间；浅色条：{who}的区间。"
        "它们说明风险估计的精度，而非个人的结局。",
    ),
    "no_interval": (
        "The model gives no interval of its risks.",
        "该模型不给出风险的区间。",
    ),
    "crowd": (
        "Grey bars on the lines: how the patients of the cohort are spread.",
        "各线上的灰条：队列患者的分布。",
    ),
    "performance": ("{index} {value}, {method}.", "{index} {value}，{method}。"),
    "bounds": ("{value} ({lower} to {upper})", "{value}（{lower}至{upper}）"),
    "index_harrell_c": ("Harrell's C", "Harrell C指数"),
    "index_auc": ("AUC", "AUC"),
    "corrected_bootstrap": ("corrected for optimism by bootstrap", "经自助法校正乐观偏倚"),
    "corrected_632+": ("corrected by the .632+ bootstrap", "经.632+自助法校正"),
    "corrected_left_out": ("in patients left out ({method})", "在留出患者中（{method}）"),
    "risk_once": ("{risk} %", "{risk} %"),
    "risks_in": ("risk of the event in {stratum} {risks}", "{stratum}层发生终点事件的风险：{risks}"),
    "model": (
        "{family} on {n} patients with {events} events. Endpoint: {event}{definition}; time zero: {origin}; "
        "risk by {horizons} {unit}. Model of {date}, hash {hash}.",
        "{family}，{n}例患者，{events}例事件。终点：{event}{definition}；"
        "时间起点：{origin}；预测时点：{horizons}{unit}。模型日期 {date}，哈希 {hash}。",
    ),
    "model_binary": (
        "{family} on {n} patients with {events} events. Endpoint: {event}{definition}. Model of {date}, hash {hash}.",
        "{family}，{n}例患者，{events}例事件。终点：{event}{definition}。模型日期 {date}，哈希 {hash}。",
    ),
    "family_cox": ("Cox regression", "Cox回归"),
    "family_penalised": ("Penalised Cox regression", "惩罚Cox回归"),
    "family_transferred": ("Cox regression that leans on another cohort", "借助其他队列的Cox回归"),
    "family_logistic": ("Logistic regression", "Logistic回归"),
    "family_firth": ("Logistic regression with Firth's penalty", "Firth惩罚Logistic回归"),
    "family_ridge": ("Ridge logistic regression", "岭Logistic回归"),
    "family_lasso": ("Lasso logistic regression", "套索Logistic回归"),
    "family_window": ("Logistic regression of the event within {time}", "{time}内事件的Logistic回归"),
    "family_fine_gray": ("Fine-Gray regression", "Fine-Gray回归"),
    "family_weibull": ("Weibull regression (accelerated failure time)", "Weibull回归（加速失效时间模型）"),
    "family_exponential": ("Exponential regression (accelerated failure time)", "指数回归（加速失效时间模型）"),
    "family_lognormal": ("Log-normal regression (accelerated failure time)", "对数正态回归（加速失效时间模型）"),
    "family_loglogistic": (
        "Log-logistic regression (accelerated failure time)",
        "对数Logistic回归（加速失效时间模型）",
    ),
    "family_published": ("{family} as published ({source})", "已发表的{family}（{source}）"),
    "family_surrogate": ("Additive approximation of a {machine} fitted", "{machine}的加性近似"),
    "machine_random_survival_forest": ("random survival forest", "随机生存森林"),
    "machine_gradient_boosting": ("gradient boosting model", "梯度提升模型"),
    "machine_support_vector_machine": ("support vector machine", "支持向量机"),
    "machine_decision_tree": ("decision tree", "决策树"),
    "machine_neural_network": ("neural network", "神经网络"),
    "machine_extra_trees": ("forest of extremely randomised trees", "极端随机树"),
    "machine_ada_boost": ("boosted classifier (AdaBoost)", "AdaBoost分类器"),
    "machine_cause_specific": ("cause-specific Cox model", "特定原因Cox模型"),
    "machine_early_relapse": ("model of early relapse", "早期复发模型"),
    "fidelity": (
        "An approximation, not the model itself: against the {machine}'s own risks in {n} {judged} the figure has "
        "R\u00b2 {r2}, is {mean} percentage points off on average and up to {largest}.",
        "本图为近似，并非模型本身：与{machine}在{n}{judged}中的风险相比，R\u00b2为{r2}，平均相差{mean}个百分点，最大相差{largest}个百分点。",
    ),
    "judged_given": ("patients given", "例所给患者"),
    "judged_drawn": ("patients drawn from its training distribution", "例按训练分布抽取的患者"),
    "own_risk": ("The {machine} itself gives this patient {risks}.", "{machine}对该患者给出的风险：{risks}。"),
    "competing": (
        "The risk is the cumulative incidence: other events can come first, and then this one counts as not happened.",
        "风险为累积发生率：竞争事件可先发生，此时终点事件视为未发生。",
    ),
    "updated": (
        "Updated in {cohort} ({size}): {name}.",
        "已在{cohort}中更新（{size}）：{name}。",
    ),
    "shrunken": (
        "All coefficients are shrunk by one factor, the baseline estimated anew.",
        "所有系数按同一因子收缩，基线重新估计。",
    ),
    "strata": (
        "The strata ({strata}) share the points; use the risk lines of the patient's own stratum.",
        "各层（{strata}）共用得分；请使用患者所在层的风险线。",
    ),
    "stratum_silent": (
        "No risk line for {stratum} by {time}: nobody there was observed that long, or nobody had the event.",
        "{stratum}无{time}的风险线：该层无人随访至此，或无人发生事件。",
    ),
    "no_effect": ("No line, since without effect in the model: {variables}.", "模型中无作用、故未画线：{variables}。"),
    "definition": (" ({definition})", "（{definition}）"),
    "error": (
        "Reading error: taking every position to the nearest half millimetre (figure {width} mm wide) changes the risk "
        "by at most {largest} percentage points, {mean} on average, over {n} combinations of values drawn from the "
        "{drawn}.",
        "读图误差：图宽{width} mm、每个位置读到最近的0.5 mm时，在按{drawn}抽取的{n}种取值组合中，"
        "风险最多改变{largest}个百分点，平均{mean}个百分点。",
    ),
    "error_table": (
        "Read in the table, with proportions between its numbers: at most {largest}, {mean} on average.",
        "按表读取（表中各数之间按比例）：最多{largest}个百分点，平均{mean}个百分点。",
    ),
    "scores": ("In numbers: points of values, risks of total points", "以数字表示：各取值的得分，总分对应的风险"),
    "score_risk_short": ("by {time},\u00a0%", "{time}内，%"),
    "score_risk": ("Risk by {time},\u00a0%", "{time}内风险，%"),
    "score_risk_binary": ("Risk,\u00a0%", "风险，%"),
    "recipe_table": (
        "More exactly in the table: between two printed values, and between two totals, take proportions.",
        "查表更精确：表中两个取值之间、两个总分之间均按比例取值。",
    ),
    "over_bound": (
        "That is more than the declared {bound}: use the model itself where it matters.",
        "超过声明的{bound}：必要时请直接使用模型。",
    ),
    "drawn_cohort": ("cohort's distributions", "队列分布"),
    "drawn_even": ("published ranges, evenly", "已发表范围（均匀分布）"),
}
