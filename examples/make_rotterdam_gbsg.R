# Two cohorts of breast cancer, brought to the same columns: rotterdam (development) and gbsg (validation).
# R package survival, data sets rotterdam and gbsg (Royston and Altman 2013), licence LGPL (>= 2).
# Rscript make_rotterdam_gbsg.R, in the folder of this file.
library(survival)

# Recurrence-free survival as in help(rotterdam): deaths after the end of recurrence follow-up do not count.
late <- with(rotterdam, recur == 0 & death == 1 & rtime < dtime)
rotterdam$rfs <- with(rotterdam, ifelse(recur == 1 | late, recur, death))
rotterdam$days <- with(rotterdam, ifelse(recur == 1 | late, rtime, dtime))
gbsg$rfs <- gbsg$status
gbsg$days <- gbsg$rfstime
# size has categories in one cohort and millimetres in the other; grade 1 exists in the other only
gbsg$size <- cut(gbsg$size, c(-Inf, 20, 50, Inf), c("<=20", "20-50", ">50"))

columns <- function(data, prefix) with(data, data.frame(
  pid = paste0(prefix, pid), age, size = as.character(size), grade = ifelse(grade == 3, "3", "1-2"), nodes, pgr, er,
  hormon = ifelse(hormon == 1, "yes", "no"), rfs_years = round(days / 365.25, 6), rfs))
write.csv(columns(rotterdam, "R"), "rotterdam.csv", row.names = FALSE, quote = FALSE)
write.csv(columns(gbsg, "G"), "gbsg.csv", row.names = FALSE, quote = FALSE)
