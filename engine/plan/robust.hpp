// Statistics that a few wild values don't move. Pure.
#pragma once

#include <vector>

namespace pgconvoy {

// 0 of nothing. The mean of the middle two of an even number.
double median(std::vector<double> values);
// Linear between the two nearest; share 0 .. 1. 0 of nothing.
double quantile(std::vector<double> values, double share);
// Of a normal distribution its standard deviation: the median of absolute distances from `centre`, scaled.
double deviation_around(const std::vector<double>& values, double centre);
// By Huber: 1 up to 1.5 deviations, then less the farther it is; beyond four 0.
double weight_of(double distance, double deviation);

// Solves a x = b for a symmetric positive definite matrix, by rows. Destroys its input. Those directions that are of no
// account (pivot near 0) are left 0.
std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b);

}  // namespace pgconvoy
