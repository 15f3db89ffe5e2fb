/* Sieve of Eratosthenes: how many primes are below 20,000,000, three times. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    const int n = 20000000;
    uint8_t *composite = malloc(n);
    long sum = 0;
    for (int round = 0; round < 3; round++) {
        memset(composite, 0, n);
        int count = 0;
        for (int i = 2; i < n; i++) {
            if (composite[i])
                continue;
            count++;
            for (long long j = (long long)i * i; j < n; j += i)
                composite[j] = 1;
        }
        sum += count;
    }
    printf("%ld\n", sum);
    return 0;
}
