// SPDX-License-Identifier: Apache-2.0
import Files

/// The training samples of a prepared folder: spheres of scenes, or shapes.
enum PointSamples {
    case spheres(SphereSampler)
    case shapes(ShapeSampler)

    init(_ prepared: PreparedPoints, _ data: PointDataRecipe, seed: UInt64) throws {
        if data.kind.isSegmentation {
            let scenes = try prepared.scenes(.training).map { try prepared.load($0) }
            guard !scenes.isEmpty else {
                throw InputError(
                    "holds no scene for training; correct data.training or data.split, or see what "
                        + "prepare left out", path: prepared.folder)
            }
            self = .spheres(
                try SphereSampler(
                    scenes, sampling: data.sampling, augmentation: data.augmentation, seed: seed))
        } else {
            let sampler = ShapeSampler(
                prepared, subset: .training, sampling: data.sampling,
                augmentation: data.augmentation, seed: seed)
            guard sampler.count > 0 else {
                throw InputError(
                    "holds no shape for training; see what prepare left out", path: prepared.folder)
            }
            self = .shapes(sampler)
        }
    }

    /// Samples of an epoch.
    var count: Int {
        switch self {
        case .spheres(let sampler): sampler.count
        case .shapes(let sampler): sampler.count
        }
    }

    /// Points within a sphere's radius of a training point, the median; nil of shapes.
    var neighbours: Double? {
        switch self {
        case .spheres(let sampler): sampler.neighbours
        case .shapes: nil
        }
    }

    /// The file or folder that a sample is of.
    func source(of number: Int, epoch: Int, in prepared: PreparedPoints) -> String {
        switch self {
        case .spheres(let sampler):
            prepared.scenes(.training)[sampler.centres(epoch: epoch)[number].scene].source
        case .shapes: prepared.shapes(.training)[number].source
        }
    }

    /// A sample; the same bits whenever it is asked for.
    func sample(_ number: Int, epoch: Int) throws -> PointSample {
        switch self {
        case .spheres(let sampler): sampler.sample(number, epoch: epoch)
        case .shapes(let sampler): try sampler.sample(number, epoch: epoch)
        }
    }
}

extension PointDataRecipe {
    /// The sampling with what the prepared points say of intensities.
    func sampling(for index: PointIndex) -> PointSampling {
        var result = sampling
        let range = index.intensityRange
        result.intensityMean = range.mean
        result.intensityDeviation = range.deviation
        return result
    }
}
