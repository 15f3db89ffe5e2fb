using System;

namespace Starling.Core.Tasks;

/// <summary>The bounds of the format: beyond them a task file is refused with the bound named.</summary>
public static class TaskLimitsOfFormat
{
    /// <summary>Bytes of a whole task file.</summary>
    public const int MaxTaskFileSize = 10 * 1024 * 1024;

    /// <summary>Pieces of a task.</summary>
    public const int MaxPieces = 1 << 22;

    /// <summary>Output files of a task.</summary>
    public const int MaxFiles = 65_536;

    /// <summary>Inputs of a task.</summary>
    public const int MaxInputs = 1_024;

    /// <summary>Bytes of one result, unless the task says otherwise.</summary>
    public const int DefaultPieceLength = 16 * 1024 * 1024;

    /// <summary>The largest <c>piece length</c> that a task may name: its leaf hashes (512 KiB) still fit one message.</summary>
    public const int MaxPieceLength = 256 * 1024 * 1024;

    /// <summary>Bytes of a command, name or path list entry.</summary>
    public const int MaxCommandLength = 65_536;

    /// <summary>Bytes of a path (UTF-8), and of a name.</summary>
    public const int MaxPathLength = 1_024;

    /// <summary>Bytes of one part of a path between slashes (UTF-8): what file systems take.</summary>
    public const int MaxPathPartLength = 255;

    /// <summary>Parts of a path between slashes.</summary>
    public const int MaxPathDepth = 32;

    /// <summary>Parameters of a kernel.</summary>
    public const int MaxKernelParameters = 64;

    /// <summary>Arguments of a WebAssembly module.</summary>
    public const int MaxArguments = 256;

    /// <summary>Programs that a task may need.</summary>
    public const int MaxPrograms = 64;

    /// <summary>Bytes of one program's name with its version test.</summary>
    public const int MaxProgramLength = 256;

    /// <summary>Cores that one run may need.</summary>
    public const int MaxCores = 4_096;

    /// <summary>Processes and threads that one run may have.</summary>
    public const int MaxProcesses = 1_000_000;

    /// <summary>Bytes of memory, disk or input that a task may name: 1 PiB.</summary>
    public const long MaxBytes = 1L << 50;

    /// <summary>Fuel that a task may allow to a run: years of it.</summary>
    public const long MaxFuel = 1L << 60;

    /// <summary>The least memory that a run may be limited to: no program starts with less.</summary>
    public const long MinMemoryLimit = 1024 * 1024;

    /// <summary>Matching attestations that <c>replicas</c> may ask for; fewer than two confirm nothing.</summary>
    public const int MinReplicas = 2;

    /// <summary>Matching attestations that <c>replicas</c> may ask for.</summary>
    public const int MaxReplicas = 64;

    /// <summary>Matching attestations that <c>replicas</c> may ask for beside <c>sealed</c>: an opening witnesses all other seals.</summary>
    public const int MaxSealedReplicas = 8;

    /// <summary>The shortest time of <c>sealed</c>.</summary>
    public static TimeSpan MinSealed { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time of <c>sealed</c>.</summary>
    public static TimeSpan MaxSealed { get; } = TimeSpan.FromHours(1);

    /// <summary>The least threshold of <c>verify: {trust: t}</c>; 1 would believe everybody.</summary>
    public const int MinTrust = 2;

    /// <summary>The highest threshold: 20 strangers have to agree.</summary>
    public const int MaxTrust = 1_000_000;

    /// <summary>Members that a task names.</summary>
    public const int MaxMembers = 1_000;

    /// <summary>Tracker URLs in all tiers.</summary>
    public const int MaxTrackers = 256;

    /// <summary>DHT nodes.</summary>
    public const int MaxNodes = 256;

    /// <summary>Bytes of a tracker's URL or a node's host name.</summary>
    public const int MaxUrlLength = 2_048;

    /// <summary>Bytes of a comment, and of the name of the program that made a file.</summary>
    public const int MaxCommentLength = 65_536;

    /// <summary>Bytes of the secret of a member swarm.</summary>
    public const int SecretSize = 32;

    /// <summary>The shortest time limit of a run.</summary>
    public static TimeSpan MinTimeLimit { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time limit of a run.</summary>
    public static TimeSpan MaxTimeLimit { get; } = TimeSpan.FromDays(365);
}
