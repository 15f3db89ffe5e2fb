using System;

namespace Starling.Runtime.Storage;

/// <summary>The instants between which a process can die (docs/state.md): a fail point is passed just before each of them.</summary>
public enum StoreStep
{
    /// <summary>A large result's bytes are flushed from the temporary file.</summary>
    FlushFile,

    /// <summary>The temporary file gets its place among the results.</summary>
    PlaceFile,

    /// <summary>The folder of the results is flushed, so that the new names last.</summary>
    FlushFolder,

    /// <summary>A group of records is written to the journal.</summary>
    WriteJournal,

    /// <summary>The journal is flushed.</summary>
    FlushJournal,

    /// <summary>The durable results are told to the engine.</summary>
    Announce,

    /// <summary>A block of a download, or of a run's output, is written to its temporary file.</summary>
    WriteTemporary,

    /// <summary>A dropped result's file is deleted.</summary>
    DeleteFile,

    /// <summary>A rewritten journal is written beside the old one.</summary>
    WriteNewJournal,

    /// <summary>A rewritten journal takes the place of the old one.</summary>
    PlaceNewJournal,
}

/// <summary>
/// Sees every step before it happens; <paramref name="path"/> is the file or folder concerned. It may throw an IOException, which the
/// store takes for one of the disk, or a <see cref="StoreCrash"/>.
/// </summary>
public delegate void StoreFailPoint(StoreStep step, string path);

/// <summary>Thrown by a fail point: the store stops where it stands, as if the process had been killed there. Nothing is cleaned up.</summary>
public sealed class StoreCrash : Exception
{
}
