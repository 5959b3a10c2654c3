# SPDX-License-Identifier: MIT
# One chart of grouped bars, in colours that show on light and on dark:
#   gnuplot -c plots.gp DATA SVG YLABEL XLABEL "COLOUR..."
# A line of DATA is a group: its label and the height of each bar.
set terminal svg size 400,260 font "sans-serif,13"
set output ARG2
set style data histograms
set style histogram clustered gap 2
set style fill solid 1.0 noborder
set boxwidth 0.9 relative
set datafile missing "?"
set border 3 linecolor rgb "#888888"
set grid ytics linetype 1 linewidth 0.5 linecolor rgb "#888888"
set xtics nomirror scale 0
set ytics nomirror
set yrange [0:*]
stats ARG1 using 0 nooutput
set xrange [-0.6:STATS_records - 0.4]
set ylabel ARG3 offset 1,0
# Labels of a group may have two lines; the axis' own goes below them.
set xlabel ARG4 offset 0,-1
set bmargin (strlen(ARG4) ? 4.5 : 2)
set key off
set lmargin 8
set rmargin 1
colours = ARG5
plot for [i = 1:words(colours)] ARG1 using i + 1:xtic(1) linecolor rgb word(colours, i)
