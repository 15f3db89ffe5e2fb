/* Quicksort of 5,000,000 numbers, twice. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void sort(uint32_t *v, int low, int high)
{
    while (low < high) {
        uint32_t pivot = v[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i <= j) {
                uint32_t t = v[i];
                v[i++] = v[j];
                v[j--] = t;
            }
        }
        if (j - low < high - i) {
            sort(v, low, j);
            low = i;
        } else {
            sort(v, i, high);
            high = j;
        }
    }
}

int main(void)
{
    const int n = 5000000;
    uint32_t *v = malloc(n * sizeof *v);
    uint32_t seed = 7;
    uint64_t sum = 0;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            v[i] = seed ^ seed >> 15;
        }
        sort(v, 0, n - 1);
        for (int i = 0; i < n; i += 1000)
            sum = sum * 31 + v[i];
    }
    printf("%llu\n", (unsigned long long)sum);
    return 0;
}
