/* Product of two matrices of 500 x 500 doubles, three times. */
#include <stdio.h>

#define N 500
static double a[N][N], b[N][N], c[N][N];

int main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 31 + j * 17) % 101 / 101.0;
            b[i][j] = (i * 13 + j * 7) % 103 / 103.0;
        }
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double sum = 0;
                for (int k = 0; k < N; k++)
                    sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        a[round][round] += c[N - 1][round];
    }
    double total = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            total += c[i][j];
    printf("%.17g\n", total);
    return 0;
}
