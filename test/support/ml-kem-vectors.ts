/*
 * Known answers of ML-KEM-768 (FIPS 203): computed with OpenSSL 3.5.9 through node:crypto in Node v24.22.3, from the
 * seed 00 01 ... 3f.
 */

/** d and z of key generation. */
export const SEED = Buffer.from(Array.from({ length: 64 }, (_, i) => i))

/** SHA-256 of the encapsulation key, in hexadecimal. */
export const ENCAPSULATION_KEY_SHA256 = "0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9"

export const CIPHERTEXT = Buffer.from(
    [
        "YCOdEDycqlA/cYX+OrnKZc8CkQR6ubI2jXeAMAJqWvuWIv0RD5qb6VI4K4I9V9pp4BJUUVuWy1eKPLG3qOEO6lElvBCbljB12kcT",
        "OvADvSKyjHHNLMV4Hp9r2Qa6JASsTcsTflNKPdLPYepRiq9o8AEiTEzPbc/VbMigLgIFslVcZW3KppJ1yaghukHLN4jY0FKVLwPM",
        "Qhs6UQKm1Xp0vNMiu+XNLHgvL9L69lFmjH/lwSl/10Mcs8XbjnwXwE9hmCOnJ7cE5Me1HKxxfUBtC9RNGXZjmr2XOre2UUpoFHPh",
        "t1wpBD62ycLxDHIfWAHZ0vVXXqWVHSQNxU518HJb7ZcRXF9SXMNKj9iydjQ5BR3Xk3uIeWuIhSpgbMA5zr0J5cB+V/9NNcaRgWTh",
        "mv7Byboyflbc4Spi52d0AM4Ypv368pZPTiXotCdrCrRFlBbhqjWv/wFQSUj2CaiHqaysgU1Gli4Mq1OYyLxr436HQ+i/+1kpAVdb",
        "SFf6JcXHrXl5f/DkXhB8qzocEHIAlGRT+DG+AcdBjZjRBKuftMWGoQlsLXEREsoiqyCZKjLdZClV5MkHBW6QoFHlj2KNRzOdcT1c",
        "exG3YDQzLyY9C4D6ZR5bgdffw/yf74c+VtM3ePv7RvC2ZZUNZnvvCxXicVI1CsDysGf07pBnuZMImg6GR/9JikYzkiCksECbzCdr",
        "jhpj3dC2W1MSEiY9/7+OsLOWSt14CI/CHQM5bd8cPn+f0GXO+L1pgfISuBgID1UZc6sapPN9sDLmNON9WTVz/jquWHMNJIfyUIqM",
        "M+EUmbzuJT7rc8pjrryPpMM0NZonQhfmPMwVYpSCcZlJeSmlV4icpdmkitths2OYE/uLst0neR4tm4BRjBZiYbzTCmFFkBiGyTXA",
        "2j0+5aGzan4CbPuehjKZXENrSei9so4Qnu18vsD1zpGz3uUXa3tazx7yuCKNxbC4/6qnhY59UvNW8XltJlko63OKp707KO8VmKey",
        "BpW2CuIVLISiPqhwmYHJJNYONoaa0Nw5gutICGPZowBGGJBDF6LmC7s0sq9I086pHCo8cGVM5A9zeoCsiX/ici+I+K+vlKjwHaBC",
        "S1ZEjuDpO1riGCTKcf2Gbukfs/DcNrXI2d9ClIKm2z510+bNKJFVKIbW3CGIJInSlRScuADZsyDkB6cIVRXJxdzX8dquTvee6JtT",
        "RJ7132DYx5ffnSIQVfIWyyRlFvuJ64u2ol03wX/qqTIQjed96At/7w+8O9fTVAB5fFRriUyrickJpn0kT7jOFe1TzlYgFlEuGQKD",
        "6AeM7lF2/378kfxBoEmH0vUPCcpOh2tjFPycohtF1lX0d71o3gFyq9ZgjJJiRSbq9j6JLQo8hyaO8DCzag/sjMWxVMOkUMWQnNvq",
        "bv3pB762YKfKXE+GiCUeVoMzwTLlXxXW+tSkdZJcXmWq8pEvGbI=",
    ].join(""),
    "base64",
)

export const SECRET = "164c70f307476c8276ae382706dc36ee915ffba6b8c16055930901f4784f3cb9"

/**
 * The secret for the ciphertext with its last bit flipped, which is unpredictable without the key (implicit rejection).
 */
export const SECRET_OF_FORGED = "24ce3a424536809bf8fed302844a96b014199205121d77637a2dc2dace7e242f"
