using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Runtime.Execution;
using Starling.Runtime.Machine;
using Starling.Runtime.Storage;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Containers;

/// <summary>
/// Podman or Docker, where the owner prefers it: it gets the image of one task and runs its commands, without network, read-only, without capabilities and privileges, with limits. The image is asked for by the digest that the task names, so the engine can
/// run nothing else in its place. Safe from every thread.
/// </summary>
internal sealed class ContainerEngine : IDisposable
{
    /// <summary>Where Podman has what Docker has not.</summary>
    public const string PodmanCalls = "v4.0.0/libpod";

    private const string Label = "org.starling.run";

    /// <summary>RLIMIT_DATA under which what puts a container up (runc, and its reader of filters) can't begin: 64 MiB are too little for it.</summary>
    private const long LeastData = 256 * 1024 * 1024;

    /// <summary>Processor seconds that one process alone may have beyond the limit of all: they are added up here, which tells why it ends; the kernel is there for when nobody looks.</summary>
    private const int MoreSeconds = 2;

    // Loading a large image takes the engine minutes.
    private static readonly TimeSpan LoadPatience = TimeSpan.FromMinutes(30);

    private readonly Lock _gate = new();
    private readonly EngineSocket _socket;
    private readonly string _archive;
    private readonly ImageDigest _digest;
    private readonly string _scratch;
    private readonly ImageOptions _options;
    private readonly bool _isPodman;
    private readonly bool _isRootless;
    private readonly bool _ignoresMemory;
    private SelectedImage? _image;
    private Problem? _problem;

    private ContainerEngine(EngineSocket socket, string archive, ImageDigest digest, string scratch, ImageOptions options)
    {
        (_socket, _archive, _digest, _scratch, _options) = (socket, archive, digest, scratch, options);
        _isPodman = socket.Ping("Libpod-API-Version") is not null;
        JsonNode info = socket.Ask(HttpMethod.Get, "info") ?? throw new EngineException(new Problem(ImageProblem.Code, "the container engine tells nothing of itself"));

        // Podman 4.3 tells that it is rootless in its own words alone.
        _isRootless = _isPodman
            ? socket.Ask(HttpMethod.Get, $"{PodmanCalls}/info")?["host"]?["security"]?["rootless"]?.GetValue<bool>() == true
            : info["SecurityOptions"] is JsonArray security && security.Any(each => each?.GetValue<string>().Contains("rootless", StringComparison.Ordinal) == true);
        _ignoresMemory = _isRootless && info["CgroupVersion"]?.GetValue<string>() == "1";
        RemoveLeftovers();
    }

    /// <summary>Whether commands are another user on the host than this program: then what they may write must be given to that user.</summary>
    public bool ChangesUser => Environment.IsPrivilegedProcess && !_isRootless;

    /// <summary>Asks the engine what it is, and removes containers that killed processes of this program left.</summary>
    /// <param name="socket">Absolute path of its socket.</param>
    /// <param name="archive">Absolute path of the image's archive, where it lies or will lie.</param>
    /// <param name="digest">The image that the task names.</param>
    /// <param name="scratch">Where an archive that is packed as a whole may be unpacked.</param>
    /// <param name="options">What images may take.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="problem">Why it is of no use.</param>
    public static bool TryOpen(
        string socket, string archive, ImageDigest digest, string scratch, ImageOptions options, [NotNullWhen(true)] out ContainerEngine? engine, [NotNullWhen(false)] out Problem? problem)
    {
        var connection = new EngineSocket(socket);
        try
        {
            engine = new ContainerEngine(connection, archive, digest, scratch, options);
            problem = null;
            return true;
        }
        catch (EngineException failure)
        {
            connection.Dispose();
            engine = null;
            problem = failure.Problem;
            return false;
        }
    }

    /// <summary>Gives the image to the engine if it does not have it.</summary>
    public bool TryPrepare([NotNullWhen(false)] out Problem? problem)
    {
        lock (_gate)
        {
            if (_image is null && _problem is null)
            {
                _problem = Prepare();
            }

            problem = _problem;
            return problem is null;
        }
    }

    /// <summary>Starts a command.</summary>
    /// <param name="text">For the image's shell.</param>
    /// <param name="variables">Its variables; those of the image count less.</param>
    /// <param name="plan">What it sees of this machine, and its limits.</param>
    /// <param name="fromWorkingFolder">Whether it begins in the image's working folder, if there is one.</param>
    /// <param name="governor">Holds it to the owner's rules.</param>
    /// <param name="run">The command.</param>
    /// <param name="problem">Why it could not be started.</param>
    public bool TryStart(
        string text,
        IReadOnlyList<KeyValuePair<string, string?>> variables,
        WallPlan plan,
        bool fromWorkingFolder,
        RunGovernor governor,
        [NotNullWhen(true)] out EngineRun? run,
        [NotNullWhen(false)] out Problem? problem)
    {
        run = null;
        string? id = null;
        try
        {
            JsonNode? made = _socket.Ask(HttpMethod.Post, "containers/create", EngineSocket.Json(Describe(text, variables, plan, fromWorkingFolder)));
            id = made?["Id"]?.GetValue<string>() ?? throw new EngineException(new Problem(ImageProblem.Code, "the container engine made a container without a name"));
            run = EngineRun.Start(_socket, id, plan, _isPodman, governor);
            problem = null;
            return true;
        }
        catch (EngineException failure)
        {
            problem = failure.Problem;
            if (id is not null)
            {
                TryRemove(_socket, id);
            }

            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Removes a container, running or not.</summary>
    internal static void TryRemove(EngineSocket socket, string id)
    {
        try
        {
            socket.Ask(HttpMethod.Delete, $"containers/{id}?force=1&v=1");
        }
        catch (EngineException)
        {
            // The next start removes it.
        }
    }

    private Problem? Prepare()
    {
        if (!ImageArchive.TryOpen(_archive, _scratch, _options, out ImageArchive? archive, out Problem? problem))
        {
            return problem;
        }

        try
        {
            using (archive)
            {
                if (archive.Digest != _digest)
                {
                    return ImageProblem.Another(archive.Digest, _digest);
                }

                SelectedImage image = archive.Select(NeedsCheck.ThisArch);
                if (!Has(image.ConfigDigest))
                {
                    Load();
                }

                if (!Has(image.ConfigDigest))
                {
                    return new Problem(
                        ImageProblem.Code, $"the container engine took the archive, but has no image {image.ConfigDigest}", "Save the image with 'podman save --format docker-archive', or run with --container-engine none.");
                }

                _image = image;
                return null;
            }
        }
        catch (InvalidImageException failure)
        {
            return failure.Problem;
        }
        catch (EngineException failure)
        {
            return failure.Problem;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return StoreProblem.OfAccess(failure, ImageProblem.Code, "the image cannot be read");
        }
    }

    private bool Has(ImageDigest image) => _socket.Ask(HttpMethod.Get, $"images/{image}/json")?["Id"]?.GetValue<string>() is { } id && (id == image.ToString() || id == image.Hash.ToString());

    /// <summary>Podman does not read a docker-archive that is packed as a whole: it is unpacked on the way.</summary>
    private void Load()
    {
        using FileStream file = File.OpenRead(_archive);
        using Stream plain = Unpacking.Of(file.SafeFileHandle, 0) == Packing.Gzip ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var body = new StreamContent(plain);
        body.Headers.ContentType = new("application/x-tar");
        _socket.Ask(HttpMethod.Post, "images/load?quiet=1", body, LoadPatience);
    }

    private JsonObject Describe(string text, IReadOnlyList<KeyValuePair<string, string?>> variables, WallPlan plan, bool fromWorkingFolder)
    {
        var environment = new JsonArray($"HOME={WallPlan.WorkFolder}", "USER=task", "TZ=UTC");
        foreach ((string name, string? value) in variables)
        {
            if (value is not null)
            {
                environment.Add($"{name}={value}");
            }
        }

        var mounts = new JsonArray([.. plan.Mounts.Select(mount => (JsonNode)new JsonObject { ["Type"] = "bind", ["Source"] = mount.Source, ["Target"] = mount.Target, ["ReadOnly"] = !mount.Writable })]);
        WallLimits limits = plan.Limits;
        var ulimits = new JsonArray(Limit("nofile", limits.Descriptors), Limit("nproc", limits.Processes), Limit("core", 0), Limit("fsize", limits.DiskBytes + (long)RunWatch.Overstep));
        if (_ignoresMemory)
        {
            ulimits.Add(Limit("data", Math.Max(LeastData, limits.MemoryBytes)));
        }

        if (limits.Cpu is { } cpu)
        {
            ulimits.Add(Limit("cpu", (long)Math.Ceiling(cpu.TotalSeconds) + MoreSeconds));
        }

        return new JsonObject
        {
            ["Image"] = _image!.ConfigDigest.ToString(),
            ["Entrypoint"] = new JsonArray(ImageShell.Path),
            ["Cmd"] = new JsonArray("-c", text),
            ["Env"] = environment,
            ["WorkingDir"] = fromWorkingFolder && _image.Config.WorkingFolder is { } folder ? folder : WallPlan.WorkFolder,
            ["Hostname"] = "task",
            ["User"] = UserOf(plan),
            ["AttachStdout"] = true,
            ["AttachStderr"] = true,
            ["NetworkDisabled"] = !plan.Network,
            ["Labels"] = new JsonObject { [Label] = Process.Own },
            ["HostConfig"] = new JsonObject
            {
                ["NetworkMode"] = plan.Network ? "host" : "none",
                ["ReadonlyRootfs"] = true,
                ["CapDrop"] = new JsonArray("ALL"),
                ["SecurityOpt"] = new JsonArray("no-new-privileges"),
                ["Memory"] = limits.MemoryBytes,
                ["MemorySwap"] = limits.MemoryBytes,
                ["PidsLimit"] = limits.Processes,
                ["Ulimits"] = ulimits,
                ["Mounts"] = mounts,

                // Its output is read as it comes; a copy in the engine's log would have no bound.
                ["LogConfig"] = new JsonObject { ["Type"] = "none" },
            },
        };
    }

    private static JsonObject Limit(string name, long value) => new() { ["Name"] = name, ["Soft"] = value, ["Hard"] = value };

    /// <summary>Who owns the folders on the host; in a rootless engine that is who is called root inside.</summary>
    private string UserOf(WallPlan plan) => _isRootless ? "0:0"
        : ChangesUser ? string.Create(CultureInfo.InvariantCulture, $"{plan.User}:{plan.User}")
        : string.Create(CultureInfo.InvariantCulture, $"{FolderCalls.UserId()}:{FolderCalls.GroupId()}");

    private void RemoveLeftovers()
    {
        string filter = Uri.EscapeDataString($"{{\"label\":[\"{Label}\"]}}");
        foreach (JsonNode? container in _socket.Ask(HttpMethod.Get, $"containers/json?all=1&filters={filter}") as JsonArray ?? [])
        {
            if (container?["Id"]?.GetValue<string>() is { } id && container["Labels"]?[Label]?.GetValue<string>() is { } owner && !Process.IsAlive(owner))
            {
                TryRemove(_socket, id);
            }
        }
    }

    /// <summary>Names processes of this machine so that a later one with the same number is not taken for them: number and start, in the system's ticks.</summary>
    private static class Process
    {
        private const int StartField = 19;

        public static string Own { get; } = $"{Environment.ProcessId}-{StartOf(Environment.ProcessId)}";

        public static bool IsAlive(string name) =>
            name.Split('-') is [var number, var start] && int.TryParse(number, CultureInfo.InvariantCulture, out int pid) && StartOf(pid) == start;

        private static string? StartOf(int pid)
        {
            try
            {
                // Behind the name, which stands in brackets and may hold anything.
                string stat = File.ReadAllText($"/proc/{pid}/stat");
                return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[StartField];
            }
            catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
            {
                return null;
            }
        }
    }
}
