namespace Starling.Runtime.Wasm.Wasi;

/// <summary>Answers of WASI preview 1 that are given here, with its numbers.</summary>
internal enum WasiErrno
{
    Success = 0,
    Access = 2,
    BadDescriptor = 8,
    Exists = 20,
    Fault = 21,
    IllegalBytes = 25,
    Invalid = 28,
    Io = 29,
    IsDirectory = 31,
    Loop = 32,
    TooManyFiles = 33,
    NameTooLong = 37,
    NoEntry = 44,
    NotDirectory = 54,
    NotSupported = 58,
    Range = 68,
    ReadOnly = 69,
    NoSeek = 70,
    NotCapable = 76,
}
